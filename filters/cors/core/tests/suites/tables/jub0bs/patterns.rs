//! Origins as they are written in configurations.

use super::super::Verdict::{Accepted, Refused, Warned};
use super::super::{Patterns, pattern};

/// A host of 251 bytes: four labels of 60 bytes, one of 7.
macro_rules! host_of_251_bytes {
    () => {
        concat!(
            label_of_60_bytes!(),
            ".",
            label_of_60_bytes!(),
            ".",
            label_of_60_bytes!(),
            ".",
            label_of_60_bytes!(),
            ".abcdefg"
        )
    };
}

macro_rules! label_of_60_bytes {
    () => {
        "a23456789-a23456789-a23456789-a23456789-a23456789-a234567890"
    };
}

macro_rules! scheme_of_64_bytes {
    () => {
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    };
}

const NO_SCHEME: &str = "has no scheme such as https://";
const NO_HOST: &str = "has no host such as www.example.com";
const NO_PORT: &str = "has no port from 1 to 65535";
const MORE: &str = "has more than scheme, host and port";
const NO_ADDRESS: &str = "has a host that is no address";
const CLEAR_TEXT: &str = "expected https beside allowCredentials";

/// We look at an origin's letters, not at what they mean.
const NOBODY: &str = "refused: here accepted, and nobody is allowed by it, since no browser sends it";
const FULL_STOP: &str =
    "accepted: here refused, as a host with a full stop at its end is another one, which nobody means";

#[rustfmt::skip]
pub const PATTERNS: [Patterns; 3] = [
    Patterns { what: "read", beside: "", rows: &[
        pattern("a wildcard before 252 bytes", concat!("https://*.a", host_of_251_bytes!()), Refused(NO_HOST)),
        pattern("a wildcard before 251 bytes", concat!("https://*.", host_of_251_bytes!()), Accepted),
        pattern("the longest scheme, a host of one byte too many, and a port", concat!(scheme_of_64_bytes!(), "://*.a", host_of_251_bytes!(), ":65535"), Refused("is too long")),
        pattern("the longest scheme, host and port", concat!(scheme_of_64_bytes!(), "://*.", host_of_251_bytes!(), ":65535"), Accepted),
        pattern("null", "null", Refused("stands for every sandboxed document")),
        pattern("a user", "https://user:password@a.example:6060", Refused(NO_HOST)),
        pattern("a path", "https://a.example:6060/foo", Refused(MORE)),
        pattern("the beginning of a query", "https://a.example:6060?", Refused(MORE)),
        pattern("a query", "https://a.example:6060?foo=bar", Refused(MORE)),
        pattern("a fragment", "https://a.example:6060#nav", Refused(MORE)),
        pattern("two letters", "ab", Refused(NO_SCHEME)),
        pattern("a colon without slashes", "ab:", Refused(NO_SCHEME)),
        pattern("blanks around", " http://a.example:6060 ", Refused(NO_SCHEME)),
        pattern("another scheme", "connector://foo", Accepted),
        pattern("a scheme of one letter", "a://a.example", Accepted),
        pattern("the next letter", "b://a.example", Accepted),
        pattern("the last letter but one", "y://a.example", Accepted),
        pattern("the last letter", "z://a.example", Accepted),
        pattern("a file", "file:///foo", Refused(MORE)),
        pattern("a file of a host", "file://a.example", Accepted).differs(NOBODY),
        pattern("a scheme that begins with digits", "42-chrome-extension://foo", Refused(NO_SCHEME)),
        pattern("a wildcard in the scheme", "chrome-extension*://foo", Refused(NO_SCHEME)),
        pattern("the port of http", "http://foo:80", Refused("default port")),
        pattern("the port of https", "https://foo:443", Refused("default port")),
        pattern("a host that begins with another sign", "https://^foo", Refused(NO_HOST)),
        pattern("a host of one digit", "http://1:6060", Accepted).differs(NOBODY),
        pattern("a host in other letters", "https://résumé.com", Refused("browsers send as xn--")),
        pattern("a label that begins with another sign", "https://foo.^bar", Refused(NO_HOST)),
        pattern("a colon without a port", "https://foo:", Refused(NO_PORT)),
        pattern("a port below zero", "https://foo:-1", Refused(NO_PORT)),
        pattern("port zero", "https://foo:0", Refused(NO_PORT)),
        pattern("a port in letters", "https://foo:abc", Refused(NO_PORT)),
        pattern("a port that begins with zero", "https://foo:06060", Refused(NO_PORT)),
        pattern("five digits and letters", "https://foo:12345foo", Refused(NO_PORT)),
        pattern("six digits", "https://foo:123456", Refused(NO_PORT)),
        pattern("the first port that is none", "https://foo:65536", Refused(NO_PORT)),
        pattern("another port and letters", "https://foo:12390abc", Refused(NO_PORT)),
        pattern("a top-level domain of digits", "http://foo.bar.255:6060", Accepted).differs(NOBODY),
        pattern("a longer one", "http://foo.bar.baz.012345678901234567890123456789:6060", Accepted).differs(NOBODY),
        pattern("a digit after an address", "http://[::1]1:6060", Refused(NO_HOST)),
        pattern("an IPv4 address, and a colon", "http://127.0.0.1:", Refused(NO_PORT)),
        pattern("an IPv4 address, and a port below zero", "http://127.0.0.1:-1", Refused(NO_PORT)),
        pattern("an IPv4 address, and port zero", "http://127.0.0.1:0", Refused(NO_PORT)),
        pattern("an IPv4 address and https", "https://127.0.0.1:90", Accepted),
        pattern("an IPv4 address and a full stop", "https://127.0.0.1.:90", Refused(NO_HOST)),
        pattern("an IPv4 address of five parts", "http://127.0.0.1.1", Accepted).differs(NOBODY),
        pattern("an IPv4 address of a cloud's metadata", "http://69.254.169.254", Accepted),
        pattern("an IPv4 address of this machine", "http://127.0.0.1:90", Accepted),
        pattern("an IPv6 address and https", "https://[::1]:90", Accepted),
        pattern("no address in brackets", "http://[example]:90", Refused(NO_ADDRESS)),
        pattern("an IPv6 address without brackets", "https://::1:90", Refused(NO_HOST)),
        pattern("without the closing one", "http://[::1:90", Refused(NO_HOST)),
        pattern("without the opening one", "https://::1]:90", Refused(NO_HOST)),
        pattern("letters before the brackets", "https://abc[::1]:90", Refused(NO_HOST)),
        pattern("letters after the brackets", "https://[::1]abc:90", Refused(NO_HOST)),
        pattern("an IPv6 address with letters", "http://[2001:db8:aaaa:1111::100]:9090", Accepted),
        pattern("an IPv6 address of this machine", "http://[::1]:90", Accepted),
        pattern("a short IPv4 address", "http://127.1:3999", Accepted).differs(NOBODY),
        pattern("too many colons", "http://[::::::::::::::::1]:90", Accepted).differs(NOBODY),
        pattern("an IPv6 address at full length", "http://[2001:4860:4860:0000:0000:0000:0000:8888]:90", Accepted).differs(NOBODY),
        pattern("an IPv6 address with a zone", "http://[fe80::1ff:fe23:4567:890a%eth2]:90", Refused(NO_ADDRESS)),
        pattern("an IPv4 address as IPv6", "http://[::ffff:7f7f:7f7f]:90", Accepted)
            .differs("refused, in favour of the IPv4 address: here accepted, as browsers do send it"),
        pattern("a host in upper case", "http://exAmplE.coM:3999", Refused("upper case letters")),
        pattern("underscores and hyphens", "http://ex_am-ple.com:3999", Accepted),
        pattern("a full stop at the end", "http://a.example.:3999", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("two full stops at the end", "http://a.example..:3999", Refused(NO_HOST)),
        pattern("an empty label", "http://a..example:3999", Refused(NO_HOST)),
        pattern("a label that is no Punycode", "http://xn--f", Accepted).differs(NOBODY),
        pattern("any subdomain", "http://*.a.example:3999", Accepted),
        pattern("any subdomain, any port", "http://*.a.example:*", Accepted),
        pattern("two wildcards at once", "http://**.a.example:3999", Refused(NO_HOST)),
        pattern("a wildcard in the middle", "http://fooo.*.a.example:3999", Refused(NO_HOST)),
        pattern("a wildcard that begins a label", "http://*a.example:3999", Refused(NO_HOST)),
        pattern("a wildcard before an IPv6 address", "http://*.[::1]:3999", Refused(NO_HOST)),
        pattern("a wildcard before an IPv4 address", "http://*.127.0.0.1:3999", Accepted).differs(NOBODY),
    ]},
    Patterns { what: "beside credentials", beside: r#", "allowCredentials": true"#, rows: &[
        pattern("https", "https://a.example", Accepted),
        pattern("https, subdomains", "https://*.a.example", Accepted),
        pattern("http", "http://a.example", Warned(CLEAR_TEXT)),
        pattern("http, subdomains", "http://*.a.example", Warned(CLEAR_TEXT)),
        pattern("https of this machine", "https://localhost", Accepted),
        pattern("http of this machine", "http://localhost", Accepted),
        pattern("https, subdomains of this machine", "https://*.localhost", Accepted),
        pattern("http, subdomains of this machine", "http://*.localhost", Accepted),
        pattern("https, a subdomain of this machine", "https://foo.localhost", Accepted),
        pattern("http, a subdomain of this machine", "http://foo.localhost", Accepted),
        pattern("https, a deeper one", "https://foo.bar.baz.localhost", Accepted),
        pattern("http, a deeper one", "http://foo.bar.baz.localhost", Accepted),
        pattern("http of what ends like this machine", "http://alocalhost", Warned(CLEAR_TEXT)),
        pattern("its subdomains", "http://*.alocalhost", Warned(CLEAR_TEXT)),
        pattern("its subdomain", "http://foo.alocalhost", Warned(CLEAR_TEXT)),
        pattern("a deeper one of it", "http://foo.bar.baz.alocalhost", Warned(CLEAR_TEXT)),
        pattern("http of what begins like this machine", "http://localhosta", Warned(CLEAR_TEXT)),
        pattern("its subdomains", "http://*.localhosta", Warned(CLEAR_TEXT)),
        pattern("its subdomain", "http://foo.localhosta", Warned(CLEAR_TEXT)),
        pattern("a deeper one of it", "http://foo.bar.baz.localhosta", Warned(CLEAR_TEXT)),
        pattern("https of this machine, with a full stop", "https://localhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("http of this machine, with a full stop", "http://localhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("https, its subdomains", "https://*.localhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("http, its subdomains", "http://*.localhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("https, its subdomain", "https://foo.localhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("http, its subdomain", "http://foo.localhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("https, a deeper one of it", "https://foo.bar.baz.localhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("http, a deeper one of it", "http://foo.bar.baz.localhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("what ends like this machine, with a full stop", "http://alocalhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("its subdomains", "http://*.alocalhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("its subdomain", "http://foo.alocalhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("a deeper one of it", "http://foo.bar.baz.alocalhost.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("what begins like this machine, with a full stop", "http://localhosta.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("its subdomains", "http://*.localhosta.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("its subdomain", "http://foo.localhosta.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("a deeper one of it", "http://foo.bar.baz.localhosta.", Refused(NO_HOST)).differs(FULL_STOP),
        pattern("the address of this machine", "http://127.0.0.1", Accepted),
        pattern("another address of this machine", "http://127.127.127.127", Accepted),
        pattern("another machine's address", "http://169.254.169.254:90", Warned(CLEAR_TEXT)),
        pattern("this machine's IPv6 address", "http://[::1]:90", Accepted),
        pattern("another machine's IPv6 address", "http://[2001:db8:aaaa:1111::100]:9090", Warned(CLEAR_TEXT)),
    ]},
    Patterns { what: "below public suffixes", beside: "", rows: &[
        pattern("a top-level domain", "https://*.com", Warned("below which anyone may have a host")),
        pattern("one of which everyone has a part", "https://*.github.io", Warned("below which anyone may have a host")),
        pattern("one of somebody", "https://*.example.com", Accepted),
    ]},
];
