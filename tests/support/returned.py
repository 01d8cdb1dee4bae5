"""Mails as they come back: delivery reports in the form of well-known servers, holiday notes, and worse."""

POSTFIX = """\
Return-Path: <>
Delivered-To: {to}
Received: by mx.example.org (Postfix) id 4F3C21A2; Wed, 10 Jun 2026 07:00:03 +0000 (UTC)
Date: Wed, 10 Jun 2026 07:00:03 +0000 (UTC)
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F3C21A2.1781074803/mx.example.org"

This is a MIME-encapsulated message.

--4F3C21A2.1781074803/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.org.

I'm sorry to have to inform you that your message could not be delivered.

--4F3C21A2.1781074803/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4F3C21A2
Arrival-Date: Wed, 10 Jun 2026 07:00:02 +0000 (UTC)

{fields}

--4F3C21A2.1781074803/mx.example.org
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: Papers <papers@example.org>
Subject: Trending papers

{original}
--4F3C21A2.1781074803/mx.example.org--
"""

QMAIL = """\
Return-Path: <>
From: MAILER-DAEMON@example.net
To: {to}
Subject: failure notice

Hi. This is the qmail-send program at example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.

<ada@example.net>:
192.0.2.1 does not like recipient.
Remote host said: {reply}
Giving up on 192.0.2.1.
"""

OUT_OF_OFFICE = """\
Return-Path: <>
From: Ada <ada@example.net>
To: {to}
Subject: Out of office: 550 5.1.1 days left
Auto-Submitted: auto-replied

I am away. My old address ada@example.com is no longer valid (550 5.1.1 User unknown).
"""

READ_RECEIPT = """\
Return-Path: <>
From: postmaster@example.net
To: {to}
Subject: Read: Trending papers
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain

Your message was read. 550 5.1.1
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822;ada@example.net
Disposition: manual-action/MDN-sent-manually; displayed
--b--
"""

ARF = """\
Return-Path: <>
From: <feedback@arf.example.net>
To: {to}
Subject: FW: Trending papers
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="OUTER"

--OUTER
Content-Type: text/plain; charset=us-ascii

This is an email abuse report for an email message received from IP 192.0.2.1.

--OUTER
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{original}>

--OUTER
Content-Type: message/rfc822

From: Papers <papers@example.org>
Subject: Trending papers

x
--OUTER--
"""


def fields(
    status: str = "5.1.1", action: str = "failed", diagnostic: str = "smtp; 550 no", recipient: str = ""
) -> str:
    """Return one recipient's fields of a report."""
    final = f"Final-Recipient: rfc822; {recipient}\n" if recipient else ""
    return f"{final}Action: {action}\nStatus: {status}\nDiagnostic-Code: {diagnostic}"


def a_report(to: str, *groups: str, original: str = "Papers.") -> bytes:
    """Return a delivery report as Postfix writes it, to an address, with these groups of fields."""
    text = POSTFIX.format(to=to, fields="\n\n".join(groups or (fields(),)), original=original)
    return text.replace("\n", "\r\n").encode()
