"""Stand-ins for the providers of one machine, made to be looked into.

`sms` speaks Aliyun's request, receipt, reply and query, and misbehaves on demand; `mail` is an SMTP server that keeps every
message as a file; `line` is a telephone line that rings, answers, is busy and drops. Each has a page in Chinese and listens
on the loopback interface only.

    python -m deploy.standins sms  --port 8110
    python -m deploy.standins mail --port 8111 --web-port 8112
    HUIFANG_CTI=http HUIFANG_CTI_URL=http://127.0.0.1:8113 HUIFANG_CTI_WEBHOOK_SECRET=whsec_… python -m deploy.standins line
    python -m deploy.standins all          (ports from HUIFANG_SMS_PORT, HUIFANG_SMTP_PORT, HUIFANG_MAIL_PORT)
"""
