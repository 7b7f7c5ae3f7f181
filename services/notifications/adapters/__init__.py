"""The outside systems: SMS and e-mail providers behind one port."""

from services.notifications.adapters.aliyun import AliyunSms
from services.notifications.adapters.port import Provider
from services.notifications.adapters.smtp import SmtpMail

__all__ = ["AliyunSms", "Provider", "SmtpMail"]
