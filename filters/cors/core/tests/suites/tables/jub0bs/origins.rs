//! What is an origin, and which of many a policy allows.

use super::super::Origins;

/// Too long by one byte, and by many.
macro_rules! sixty_four {
    () => {
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    };
}

macro_rules! fifty {
    () => {
        "foo.bar.baz.qux.quux.corge.grault.garply.waldo.fred."
    };
}

/// Four hosts, two of which end alike.
const NAMED: &[&str] = &["https://low", "https://below", "https://ring", "https://king"];
const NAMED_LIST: &str = r#"["https://low", "https://below", "https://ring", "https://king"]"#;

/// What is near them and is none of them.
#[rustfmt::skip]
const NEAR: &[&str] = &[
    // Another scheme.
    "http://low", "http://below", "http://ring", "http://king",
    // Another port.
    "https://low:1", "https://below:1", "https://ring:1", "https://king:1",
    // The beginning of a host.
    "https://lo", "https://bel", "https://rin", "https://k",
    // The end of a host.
    "https://ow", "https://elow", "https://ing", "https://g",
    // More before it.
    "https://yellow", "https://lookbelow", "https://string", "https://making",
    // Two of them at once (GHSA-vhxv-fg4m-p2w8).
    "https://kring", "https://rking",
];

/// Subdomains of one host, on two ports.
const SUBDOMAINS_ALLOWED: &[&str] =
    &["https://low", "https://below", "https://a.ring", "https://king", "https://ear.ring", "https://ear.ring:1"];
#[rustfmt::skip]
const SUBDOMAINS_OTHERS: &[&str] = &[
    "http://low", "http://below", "http://a.ring", "http://king", "http://ear.ring", "http://ear.ring:1",
    "http://low:1", "http://below:1", "http://king:1",
    "http://lo", "http://belo", "http://ear.rin", "http://k",
    "http://ow", "http://elow", "http://ing", "http://g",
    "https://yellow", "https://lookbelow", "https://making",
    "https://ear.ring:2", "https://ear.ring:3",
];

#[rustfmt::skip]
pub const TABLES: [Origins; 14] = [
    Origins {
        case: "whatever is an origin",
        patterns: r#"["*"]"#,
        allowed: &[
            "https://a.example", "connector://localhost", "http://[::1:]", "http://[::]", "http://[::1]:90", "https://a.example:6060",
            "http://127.0.0.1:6060", "http://1:6060", "http://127.0.0.1.1", "http://256.0.0.1", "http://foo.bar.255:6060",
            "http://foo.bar.baz.012345678901234567890123456789:6060", "http://foo.bar.baz.012345678901234567890123456789.ab:6060",
            "http://[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:6060",
        ],
        others: &[
            "null", "ab", "ab:", "https://", "http://[::1:90", "http://[a", "http://[::1].:90", "https://a.example:", "http://[::1]:",
            "https://a.example:0", "https://a.example:abcd", "https://a.example:123ab", "http://127.0.0.1:", "http://127.0.0.1:0",
            concat!("http://", fifty!(), fifty!(), fifty!(), fifty!(), fifty!(), fifty!(), fifty!(), fifty!(), "a.example:6060"),
            concat!(sixty_four!(), "://", sixty_four!(), sixty_four!(), sixty_four!(), sixty_four!(), ":65535"),
            "https://a.example:65536",
        ],
        differs: "",
    },
    Origins {
        case: "what looks like one",
        patterns: r#"["*"]"#,
        allowed: &[],
        others: &[
            "1ab://a.example", "http://[example]:90", "http://[]", "https://.a.example", "https://a.example^8080", "https://a.example?",
            "http://127.0.0.1.", "http://127.0.0.1.:6060",
            concat!(sixty_four!(), "://", sixty_four!(), sixty_four!(), sixty_four!(), ":65535"),
        ],
        differs: "taken apart without complaint, since it is only looked up: here it would come back in a header, and does not",
    },
    Origins {
        case: "none",
        patterns: "[]",
        allowed: &[],
        others: NAMED,
        differs: "",
    },
    Origins {
        case: "one",
        patterns: r#"["https://low"]"#,
        allowed: &["https://low"],
        others: &["https://below", "https://ring", "https://king"],
        differs: "",
    },
    Origins { case: "four", patterns: NAMED_LIST, allowed: NAMED, others: NEAR, differs: "" },
    Origins {
        case: "four, twice",
        patterns: r#"["https://low", "https://below", "https://ring", "https://king", "https://low", "https://below", "https://ring", "https://king"]"#,
        allowed: NAMED,
        others: NEAR,
        differs: "",
    },
    Origins {
        case: "four, on two ports",
        patterns: r#"["https://low", "https://below", "https://ring", "https://king", "https://low:1", "https://below:1", "https://ring:1", "https://king:1"]"#,
        allowed: &["https://low", "https://below", "https://ring", "https://king", "https://low:1", "https://below:1", "https://ring:1", "https://king:1"],
        others: &[
            "http://low", "http://below", "http://ring", "http://king", "http://low:1", "http://below:1", "http://ring:1", "http://king:1",
            "https://low:2", "https://below:2", "https://ring:2", "https://king:2",
            "https://lo", "https://bel", "https://rin", "https://k", "https://lo:1", "https://bel:1", "https://rin:1", "https://k:1",
            "https://ow", "https://elow", "https://ing", "https://g", "https://ow:1", "https://elow:1", "https://ing:1", "https://g:1",
            "https://yellow", "https://lookbelow", "https://string", "https://making",
            "https://yellow:1", "https://lookbelow:1", "https://string:1", "https://making:1",
            "https://kring", "https://rking", "https://kring:1", "https://rking:1",
        ],
        differs: "",
    },
    Origins {
        case: "four, the other way round",
        patterns: r#"["https://king", "https://ring", "https://below", "https://low"]"#,
        allowed: NAMED,
        others: NEAR,
        differs: "",
    },
    Origins {
        case: "some with wildcards",
        patterns: r#"["https://low", "https://below", "https://*.ring", "https://a.ring", "https://*.ring:1", "https://king"]"#,
        allowed: SUBDOMAINS_ALLOWED,
        others: SUBDOMAINS_OTHERS,
        differs: "",
    },
    Origins {
        case: "some with wildcards, the other way round",
        patterns: r#"["https://king", "https://*.ring:1", "https://a.ring", "https://*.ring", "https://below", "https://low"]"#,
        allowed: SUBDOMAINS_ALLOWED,
        others: SUBDOMAINS_OTHERS,
        differs: "",
    },
    Origins {
        case: "some with any port",
        patterns: r#"["https://low", "https://low:*", "https://below:*", "https://ring", "https://king"]"#,
        allowed: &["https://low", "https://below", "https://low:1", "https://below:1", "https://ring", "https://king"],
        others: &[
            "http://low", "http://below", "http://low:1", "http://below:1", "http://ring", "http://king", "http://ring:1", "http://king:1",
            "https://lo", "https://bel", "https://rin", "https://k", "https://ow", "https://elow", "https://ing", "https://g",
            "https://yellow", "https://lookbelow", "https://string", "https://making", "https://kring", "https://rking",
        ],
        differs: "",
    },
    Origins {
        case: "one with a wildcard, and any port",
        patterns: r#"["https://low", "https://below", "https://*.ring", "https://*.ring:*", "https://king"]"#,
        allowed: &["https://low", "https://below", "https://king", "https://ear.ring", "https://ear.ring:1", "https://ear.ring:65355"],
        others: &[
            "http://low", "http://below", "http://king", "http://ear.ring", "http://ear.ring:1", "http://ear.ring:65355",
            "https://low:1", "https://below:1", "https://king:1", "https://lo", "https://bel", "https://ear.rin", "https://k",
            "https://ow", "https://elow", "https://ing", "https://g", "https://yellow", "https://lookbelow", "https://making",
        ],
        differs: "",
    },
    Origins {
        // jub0bs/cors#12.
        case: "three domains, each by itself, on a port, and below",
        patterns: r#"["https://*.a.one", "https://a.one:8080", "https://a.one", "https://*.a.two", "https://a.two:8080", "https://a.two",
            "https://*.a.six", "https://a.six:8080", "https://a.six"]"#,
        allowed: &[
            "https://b.a.one", "https://a.one:8080", "https://a.one", "https://b.a.two", "https://a.two:8080", "https://a.two",
            "https://b.a.six", "https://a.six:8080", "https://a.six",
        ],
        others: &[
            "http://b.a.one", "http://a.one:8080", "http://a.one", "http://b.a.two", "http://a.two:8080", "http://a.two",
            "http://b.a.six", "http://a.six:8080", "http://a.six",
            "https://b.a.one:6060", "https://a.one:6060", "https://b.a.two:6060", "https://a.two:6060", "https://b.a.six:6060", "https://a.six:6060",
            "https://b.a.on", "https://a.on:8080", "https://a.on", "https://b.a.tw", "https://a.tw:8080", "https://a.tw",
            "https://b.a.si", "https://a.si:8080", "https://a.si",
            "https://b.one", "https://one:8080", "https://one", "https://b.two", "https://two:8080", "https://two",
            "https://b.six", "https://six:8080", "https://six",
            "https://b.oa.one", "https://ba.one:8080", "https://ba.one", "https://b.oa.two", "https://ba.two:8080", "https://ba.two",
            "https://b.oa.six", "https://ba.six:8080", "https://ba.six",
        ],
        differs: "",
    },
    Origins {
        case: "ten that end alike",
        patterns: r#"["https://ban", "https://can", "https://fan", "https://man", "https://woman", "https://pan", "https://ran", "https://tan", "https://van", "https://wan"]"#,
        allowed: &[
            "https://ban", "https://can", "https://fan", "https://man", "https://woman", "https://pan", "https://ran", "https://tan", "https://van", "https://wan",
        ],
        others: &[
            "http://ban", "http://can", "http://fan", "http://man", "http://woman", "http://pan", "http://ran", "http://tan", "http://van", "http://wan",
            "https://ban:6060", "https://can:6060", "https://fan:6060", "https://man:6060", "https://woman:6060",
            "https://pan:6060", "https://ran:6060", "https://tan:6060", "https://van:6060", "https://wan:6060",
            "https://ba", "https://ca", "https://fa", "https://ma", "https://woma", "https://pa", "https://ra", "https://ta", "https://va", "https://wa",
            "https://an", "https://oman",
            "https://urban", "https://toucan", "https://profan", "https://german", "https://madwoman", "https://japan", "https://veteran", "https://titan", "https://caravan", "https://taiwan",
        ],
        differs: "",
    },
];
