"""Stand-ins for the providers of one machine, made to be looked into.

`sms` speaks Aliyun's request, receipt, reply and query, and misbehaves on demand; `mail` is an SMTP server that keeps every
message as a file. Both have a page in Chinese and listen on the loopback interface only.

    python -m deploy.standins sms  --port 8110
    python -m deploy.standins mail --port 8111 --web-port 8112
    python -m deploy.standins all          (ports from HUIFANG_SMS_PORT, HUIFANG_SMTP_PORT, HUIFANG_MAIL_PORT)
"""
