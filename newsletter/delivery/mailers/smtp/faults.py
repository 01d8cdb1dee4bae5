"""Say in words why a mail server could not be reached, and what to change. Pure."""

import errno
import socket
import ssl

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"})
"""What OpenSSL calls a server that answers a handshake in clear text."""


def explain(error: BaseException, host: str, port: int) -> str:
    """Return what an operator can act on: the library's words, and where to look.

    >>> explain(ConnectionRefusedError(111, "Connection refused"), "localhost", 25)
    'localhost:25 refuses the connection. Check that the mail server runs, and the port in SMTP_URL.'
    """
    where = f"{host}:{port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {where} is not trusted: {error.verify_message.rstrip('.')}. Use the name "
            "that it was made for in SMTP_URL, or name the file of its authority in SSL_CERT_FILE."
        )
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return (
            f"{where} does not begin with TLS ({error.reason}). For STARTTLS, write smtp:// instead of "
            "smtps:// in SMTP_URL."
        )
    if isinstance(error, socket.gaierror):
        return f"The host {host} is not known: {error.strerror}. Correct SMTP_URL."
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return f"{where} refuses the connection. Check that the mail server runs, and the port in SMTP_URL."
    if isinstance(error, TimeoutError) and not str(error):
        return f"{where} does not answer. Check the host and port in SMTP_URL, and any firewall between."
    return f"{where}: {str(error) or type(error).__name__}"
