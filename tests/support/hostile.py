"""Documents made to be slow, large or endless to read; each once was, somewhere."""

ITEM = "<item><title>Paper {0}</title><link>https://arxiv.org/abs/2601.{0:05}</link></item>"


def rss(content: str, head: str = "<title>Feed</title>") -> bytes:
    """Return an RSS document."""
    return f'<rss version="2.0"><channel>{head}{content}</channel></rss>'.encode()


MANY = 200_000
BOMBS = {
    "nested entities": b"<!DOCTYPE r ["
    + b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"lol") for n in range(9))
    + b"]>"
    + rss("<item><title>&e8;</title></item>"),
    "one long entity, often": b'<!DOCTYPE r [<!ENTITY a "' + b"a" * 60 + b'">]>' + rss("&a;" * MANY),
    "very many entities": b"<!DOCTYPE r [" + b'<!ENTITY e "x">' * MANY + b"]>" + rss(ITEM.format(1)),
    "a document type without end": b"<!DOCTYPE r [" + b'<!ENTITY e "x' * MANY,
    "comments without end in a document type": b"<!DOCTYPE r [" + b"<!--" * MANY,
    "comments without end": b"<rss><channel>" + b"<!--" * MANY,
    "character data without end": b"<rss><channel>" + b"<![CDATA[" * MANY,
    "instructions without end": b"<?x" * MANY + b"<rss/>",
    "ampersands": rss("<item><title>" + "&" * 15 * MANY + "</title></item>"),
    "less-than signs": rss("<item><title>" + "<" * 4 * MANY + "</title></item>"),
    "a name without a space": rss("<item><title>x</title><author>" + "a" * 150_000 + "</author></item>"),
    "names with few spaces": rss("<item><author>" + ("a" * 3_900 + " ") * 25 + "</author></item>"),
    "many names": rss(("<item><author>" + ("a." * 90 + " ") * 400 + "</author></item>") * 40),
    "attributes": rss("<item " + " ".join(f'a{n}="x"' for n in range(40_000)) + "><title>x</title></item>"),
    "attributes of the root": b"<rss " + b" ".join(b'a%d="x"' % n for n in range(4 * MANY)) + b"/>",
    "namespaces": b"<rss "
    + b" ".join(b'xmlns:a%d="u"' % n for n in range(20_000))
    + b"><channel>"
    + b"<item/>" * 2_000
    + b"</channel></rss>",
    "bases": b'<feed xml:base="http://a/' + b"b/" * 900 + b'">' + b"<entry><link href='y'/></entry>" * 3_000,
    "empty entries": rss("<item/>" * 4 * MANY),
    "small entries": rss("<item><title>x</title></item>" * MANY),
    "one entry of elements": rss("<item>" + "<a>b</a>" * MANY + "</item>"),
    "entries without end": rss("<item><title>x" * MANY),
    "broken entries": rss("<item><title>x</b></item>" * MANY),
    "a long title": rss("<item><title>" + "long title " * 50_000 + "</title></item>"),
    "a long word": rss("<item><title>" + "A" * 900_000 + "</title></item>"),
    "dates": rss(("<item><pubDate>" + "1" * 3_900 + "</pubDate></item>") * 500),
    "prefixes": b"<rss><channel>" + b"".join(b"<p%d:x/>" % n for n in range(50_000)) + b"</channel></rss>",
}  # fmt: skip
