import { canonicalDestination } from '../../../src/base/destinations.ts';

test.each([
  ['https://a.example', 'https://a.example/'],
  ['https://A.Example/', 'https://a.example/'],
  ['HTTPS://a.example:443/x', 'https://a.example/x'],
  ['https://a.example:8443/x?y="{}', 'https://a.example:8443/x?y=%22{}'],
  ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ['https://203.0.113.1:8443/', 'https://203.0.113.1:8443/'],
  ['https://[2001:db8::1]/', 'https://[2001:db8::1]/'],
])('destinations: %s is %s', (text, canonical) => expect(canonicalDestination(text)).toBe(canonical));

test.each([
  ['plain http', 'http://a.example/'],
  ['no scheme', 'a.example'],
  ['other scheme', 'wss://a.example/'],
  ['user name', 'https://me@a.example/'],
  ['empty user name', 'https://@a.example/'],
  ['password', 'https://:x@a.example/'],
  ['fragment', 'https://a.example/#x'],
  ['trailing dot', 'https://a.example./'],
  ['backslash', 'https://a.example\\x'],
  ['backslash authority', 'https:\\\\a.example'],
  ['missing slashes', 'https:a.example'],
  ['third slash', 'https:///a.example'],
  ['leading blank', ' https://a.example/'],
  ['tab inside', 'https://a.ex\tample/'],
  ['line break', 'https://a.example/\r\nHost: b'],
  ['soft hyphen', 'https://a\u00ad.example/'],
  ['decimal address', 'https://3405803777/'],
  ['hexadecimal address', 'https://0xcb007101/'],
  ['octal address', 'https://0313.0.0161.01/'],
  ['short address', 'https://203.113/'],
  ['full-width address', 'https://２０３.0.113.1/'],
  ['no host', 'https://?x'],
  ['quote and brace in the host', 'https://a.example"}/'],
  ['bad port', 'https://a.example:99999/'],
  ['3 KB', `https://a.example/${'a'.repeat(3_000)}`],
])('destinations: %s is none', (_, text) => expect(canonicalDestination(text)).toBeUndefined());
