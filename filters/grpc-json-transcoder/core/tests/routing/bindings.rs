//! What paths and queries bind, in both profiles.

use crate::sources::{names, schema};
use grpc_json_transcoder_core::bindings::{BindingOptions, Bindings, bind};
use grpc_json_transcoder_core::configuration::{Options, Profile, UnescapeSpec};
use grpc_json_transcoder_core::router::{Lookup, Router};
use grpc_json_transcoder_core::routing::Routing;
use proptest::prelude::*;
use protojson::{PrintOptions, Schema, print_message};

const LIBRARY: &str = r#"
enum Genre { NONE = 0; NOVEL = 1; }
message Author { string first_name = 1; string last_name = 2 [json_name = "surname"]; Author mentor = 3; }
message Book {
  int64 id = 1;
  string title = 2;
  Author author = 3;
  repeated string tags = 4;
  repeated Author readers = 5;
  map<string, int32> stock = 6;
  map<int32, string> notes = 7;
  Genre genre = 8;
  google.protobuf.Timestamp printed = 9;
  google.protobuf.Duration loan = 10;
  google.protobuf.FieldMask mask = 11;
  google.protobuf.BoolValue lent = 12;
  bytes cover = 13;
  double weight = 14;
  repeated int32 pages = 15;
  google.api.HttpBody content = 16;
  Book next = 17;
  google.protobuf.Struct any = 18;
}
service S {
  rpc Get(Book) returns (Book) { option (google.api.http) = { get: "/books/{id}" }; }
  rpc Put(Book) returns (Book) { option (google.api.http) = { put: "/books/{id}" body: "*" }; }
  rpc Patch(Book) returns (Book) { option (google.api.http) = { patch: "/books/{author.first_name}" body: "author" }; }
  rpc Title(Book) returns (Book) { option (google.api.http) = { get: "/titles/{title=**}" }; }
  rpc Typed(Book) returns (Book) { option (google.api.http) = { get: "/typed/{genre}/{printed}/{lent}/{cover}" }; }
  rpc Content(Book) returns (Book) { option (google.api.http) = { post: "/content/{id}/{content.content_type}" body: "content" }; }
  rpc Raw(google.api.HttpBody) returns (Book) { option (google.api.http) = { post: "/raw" body: "*" }; }
}
"#;

struct Library {
    schema: Schema,
    router: Router,
    options: BindingOptions,
}

impl Library {
    fn new(profile: Profile, decide: impl FnOnce(&mut Options)) -> Self {
        let schema = schema(LIBRARY);
        let mut options = Options { services: vec!["t.S".to_owned()], ..Options::of_profile(profile) };
        decide(&mut options);
        let Routing { router, binding } = Routing::compile(&schema, &options).unwrap();
        Self { schema, router, options: binding }
    }

    fn strict() -> Self {
        Self::new(Profile::Strict, |_| {})
    }

    fn envoy() -> Self {
        Self::new(Profile::Envoy, |_| {})
    }

    fn bind(&self, request: &str) -> Result<(Bindings, String), String> {
        let (method, path) = request.split_once(' ').unwrap();
        let Lookup::Found(route) = self.router.find(method.as_bytes(), path.as_bytes()) else {
            panic!("expected a route for {request}, but found none");
        };
        let bindings = bind(&self.schema, &route, &self.options).map_err(|error| error.to_string())?;
        let printed = |name: &str, wire: &[u8]| {
            let mut out = Vec::new();
            print_message(&self.schema, route.rule.input, wire, &PrintOptions::default(), &mut out).unwrap();
            if wire.is_empty() { String::new() } else { format!("{name} {} ", String::from_utf8(out).unwrap()) }
        };
        let mut shown = printed("path", &bindings.path)
            + &printed("query", &bindings.query_singular)
            + &printed("lists", &bindings.query_repeated);
        for binding in &bindings.bound {
            shown = format!("{shown}bound {} ", names(&self.schema, &binding.path.clone().into()));
        }
        for (name, value) in &bindings.unknown_query {
            shown = format!("{shown}unknown {name}={value} ");
        }
        Ok((bindings, shown.trim_end().to_owned()))
    }

    #[track_caller]
    fn check(&self, cases: &[(&str, &str)]) {
        for (request, expected) in cases {
            let found = self.bind(request).map_or_else(|error| error, |(_, shown)| shown);
            assert_eq!(found, *expected, "{request}");
        }
    }
}

/// QueryParams, QueryParamsDecodedName, DecodedQueryParameterWithEncodedJsonName; PathMatcher:
/// VariableBindingsWithQueryParams, VariableBindingsWithQueryParamsEncoding, QueryParameterNotUnescapePlus.
#[test]
fn query_parameters_are_fields_by_either_name() {
    for library in [Library::strict(), Library::envoy()] {
        library.check(&[
            ("GET /books/7", r#"path {"id":"7"}"#),
            ("GET /books/7?", r#"path {"id":"7"}"#),
            ("GET /books/7?title=a%20b%26+c", r#"path {"id":"7"} query {"title":"a b&+c"}"#),
            (
                "GET /books/7?author.first_name=A&author.surname=B",
                r#"path {"id":"7"} query {"author":{"firstName":"A","surname":"B"}}"#,
            ),
            (
                "GET /books/7?author.firstName=A&author.last_name=B",
                r#"path {"id":"7"} query {"author":{"firstName":"A","surname":"B"}}"#,
            ),
            (
                "GET /books/7?author.mentor.mentor.surname=M",
                r#"path {"id":"7"} query {"author":{"mentor":{"mentor":{"surname":"M"}}}}"#,
            ),
            (
                "GET /books/7?%74itle=x&author%2Esurname=B",
                r#"path {"id":"7"} query {"title":"x","author":{"surname":"B"}}"#,
            ),
            (
                "GET /books/7?tags=a&tags=b&title=t&pages=1&pages=2",
                r#"path {"id":"7"} query {"title":"t"} lists {"tags":["a","b"],"pages":[1,2]}"#,
            ),
            ("GET /books/7?next.tags=a", r#"path {"id":"7"} lists {"next":{"tags":["a"]}}"#),
            ("GET /books/7?title=&tags=", r#"path {"id":"7"} query {} lists {"tags":[""]}"#),
            ("GET /books/7?title=a&title=b", r#"path {"id":"7"} query {"title":"b"}"#),
            ("GET /books/7?title=a=b?c", r#"path {"id":"7"} query {"title":"a=b?c"}"#),
            // What has no name or no value says nothing.
            ("GET /books/7?&&flag&=x&title", r#"path {"id":"7"}"#),
        ]);
    }
}

#[test]
fn text_becomes_a_value_of_any_type_that_has_one() {
    Library::strict().check(&[
        (
            "GET /typed/NOVEL/2026-01-02T03:04:05Z/true/AQI=",
            r#"path {"genre":"NOVEL","printed":"2026-01-02T03:04:05Z","lent":true,"cover":"AQI="}"#,
        ),
        (
            "GET /typed/1/2026-01-02T03:04:05Z/false/AQI",
            r#"path {"genre":"NOVEL","printed":"2026-01-02T03:04:05Z","lent":false,"cover":"AQI="}"#,
        ),
        (
            "GET /books/1?loan=1.5s&mask=a,fooBar&weight=NaN",
            r#"path {"id":"1"} query {"loan":"1.500s","mask":"a,fooBar","weight":"NaN"}"#,
        ),
        ("GET /books/1?printed.seconds=1", r#"path {"id":"1"} query {"printed":"1970-01-01T00:00:01Z"}"#),
    ]);
}

/// TestEnumValueCaseMatch, TestEnumValueIgnoreCase.
#[test]
fn an_enum_may_be_read_in_any_case() {
    let library = Library::new(Profile::Envoy, |options| options.case_insensitive_enum_parsing = true);
    library.check(&[("GET /books/1?genre=novel", r#"path {"id":"1"} query {"genre":"NOVEL"}"#)]);
    assert!(Library::envoy().bind("GET /books/1?genre=novel").is_err());
    Library::envoy().check(&[("GET /books/1?genre=NOVEL", r#"path {"id":"1"} query {"genre":"NOVEL"}"#)]);
}

/// UnescapeSpec ×3 of the native filter.
#[test]
fn a_variable_of_several_segments_is_decoded_as_the_options_say() {
    for (spec, expected) in [
        (UnescapeSpec::AllCharactersExceptReserved, r#"path {"title":"%2f%23/ %23"}"#),
        (UnescapeSpec::AllCharactersExceptSlash, r#"path {"title":"%2f#/ %23"}"#),
        (UnescapeSpec::AllCharacters, r#"path {"title":"/#/ %23"}"#),
    ] {
        let library = Library::new(Profile::Envoy, |options| options.url_unescape_spec = spec);
        library.check(&[("GET /titles/%2f%23/%20%2523", expected)]);
    }
}

#[test]
fn full_decoding_of_a_service_configuration_keeps_the_slash_alone() {
    for (spec, expected) in [
        (UnescapeSpec::AllCharactersExceptReserved, r#"path {"title":"%2f#/ %23"}"#),
        (UnescapeSpec::AllCharacters, r#"path {"title":"/#/ %23"}"#),
    ] {
        let library = Library::new(Profile::Strict, |options| {
            let config = strict_config::read(br#"{"http": {"fullyDecodeReservedExpansion": true}}"#).unwrap();
            options.service_config = Some(config.root().clone());
            options.url_unescape_spec = spec;
        });
        library.check(&[("GET /titles/%2f%23/%20%2523", expected)]);
    }
}

/// TestParamUnescapePlus; PathMatcher: QueryParameterUnescapePlus.
#[test]
fn plus_is_a_space_in_a_query_where_that_is_asked_for() {
    let library = Library::new(Profile::Strict, |options| options.query_param_unescape_plus = true);
    library.check(&[(
        "GET /titles/a+b?author.surname=c+d%2B",
        r#"path {"title":"a+b"} query {"author":{"surname":"c d+"}}"#,
    )]);
}

/// WrongBindingType, and what http.proto forbids in a query.
#[test]
fn what_cannot_be_bound_is_named() {
    Library::strict().check(&[
        ("GET /books/seven", "path variable `id`: expected an integer of 64 bits, but found `seven` at byte 0"),
        ("GET /titles/%ff", "path variable `title`: expected UTF-8, but found other bytes"),
        ("GET /books/1?title=%c3%28", "query parameter `title`: expected UTF-8, but found other bytes"),
        ("GET /books/1?nothing=x", "query parameter `nothing`: expected the name of a field, but found another"),
        (
            "GET /books/1?author.nothing=x",
            "query parameter `author.nothing`: expected the name of a field, but found another",
        ),
        ("GET /books/1?title.x=x", "query parameter `title.x`: expected the name of a field, but found another"),
        (
            "GET /books/1?author..surname=x",
            "query parameter `author..surname`: expected the name of a field, but found another",
        ),
        (
            "GET /books/1?readers.surname=x",
            "query parameter `readers.surname`: expected the name of a field, but found another",
        ),
        ("GET /books/1?%ff=x", "query parameter `%ff`: expected the name of a field, but found another"),
        (
            "GET /books/1?stock=x",
            "query parameter `stock`: expected the key of an entry as in `map[key]`, but found none",
        ),
        ("GET /books/1?pages=x", "query parameter `pages`: expected an integer of 32 bits, but found `x` at byte 0"),
    ]);
    for request in ["GET /books/1?author=x", "GET /books/1?readers=x", "GET /books/1?next=%7B%7D"] {
        assert!(Library::strict().bind(request).is_err(), "{request}");
    }
}

/// IgnoredQueryParameter, UnknownQueryParameterIsIgnored, UnknownQueryParameterIsCaptured, InvalidQueryParameter;
/// PathMatcher: VariableBindingsWithQueryParamsAndSystemParams.
#[test]
fn unknown_parameters_are_refused_or_ignored_or_captured() {
    let request = "GET /books/1?api_key=s&x.y=a%20b&title=t&x.y=c";
    let ignore = |options: &mut Options| {
        options.ignored_query_parameters = vec!["api_key".to_owned(), "title".to_owned()];
    };
    for profile in [Profile::Strict, Profile::Envoy] {
        let unknown = "query parameter `x.y`: expected the name of a field, but found another";
        Library::new(profile, ignore).check(&[(request, unknown)]);
        let library = Library::new(profile, |options| options.ignore_unknown_query_parameters = true);
        library.check(&[(request, r#"path {"id":"1"} query {"title":"t"}"#)]);
        let library = Library::new(profile, |options| {
            ignore(options);
            options.ignore_unknown_query_parameters = true;
            options.capture_unknown_query_parameters = true;
        });
        library.check(&[(request, r#"path {"id":"1"} unknown x.y=a b unknown x.y=c"#)]);
    }
}

#[test]
fn an_entry_of_a_map_is_named_by_its_key() {
    Library::strict().check(&[
        ("GET /books/1?stock[a]=1&stock[b.c]=2", r#"path {"id":"1"} lists {"stock":{"a":1,"b.c":2}}"#),
        ("GET /books/1?next.notes%5B7%5D=x", r#"path {"id":"1"} lists {"next":{"notes":{"7":"x"}}}"#),
        ("GET /books/1?stock[]=1&stock[]]=2", r#"path {"id":"1"} lists {"stock":{"":1,"]":2}}"#),
        ("GET /books/1?tags[0]=x", "query parameter `tags[0]`: expected the name of a field, but found another"),
        ("GET /books/1?stock[a=1", "query parameter `stock[a`: expected the name of a field, but found another"),
        (
            "GET /books/1?notes[x]=1",
            "query parameter `notes[x]`: expected an integer of 32 bits, but found `x` at byte 0",
        ),
    ]);
    Library::envoy().check(&[(
        "GET /books/1?stock[a]=1",
        "query parameter `stock[a]`: expected the name of a field, but found another",
    )]);
}

/// UnaryGetError1 of the native filter, whose query overrides the path; http.proto's rules 1 to 3.
#[test]
fn path_body_and_query_have_different_fields_in_strict_and_not_in_envoy() {
    Library::strict().check(&[
        ("GET /books/100?id=9999", r#"path {"id":"100"}"#),
        ("PUT /books/1?title=x&nothing=y", r#"path {"id":"1"} bound id"#),
        (
            "PATCH /books/A?title=x&author.firstName=B",
            r#"path {"author":{"firstName":"A"}} query {"title":"x"} bound author.first_name"#,
        ),
        (
            "PATCH /books/A?author.surname=x",
            "query parameter `author.surname`: expected the name of a field, but found another",
        ),
    ]);
    Library::envoy().check(&[
        ("GET /books/100?id=9999", r#"path {"id":"100"} query {"id":"9999"}"#),
        ("PUT /books/1?title=x", r#"path {"id":"1"} query {"title":"x"}"#),
        ("PATCH /books/A?author.surname=x", r#"path {"author":{"firstName":"A"}} query {"author":{"surname":"x"}}"#),
    ]);
}

/// CreateShelfBodyWildcard: the native filter's check of what body and bindings both set.
#[test]
fn singular_bindings_are_collected_where_a_body_may_collide_with_them() {
    let library =
        Library::new(Profile::Envoy, |options| options.validation.reject_binding_body_field_collisions = true);
    library.check(&[
        (
            "PUT /books/1?title=x&tags=a&id=2",
            r#"path {"id":"1"} query {"id":"2","title":"x"} lists {"tags":["a"]} bound id bound title"#,
        ),
        ("GET /books/1?title=x", r#"path {"id":"1"} query {"title":"x"}"#),
    ]);
    let (bindings, _) = library.bind("PUT /books/1?id=2").unwrap();
    assert_eq!(bindings.bound[0].record, [8, 2], "the last value is the one that counts");
}

/// TranscodingUnaryPostWithHttpBody: bindings within the raw body are dropped.
#[test]
fn nothing_is_bound_within_a_raw_body() {
    let content = ("POST /content/1/x?title=t", r#"path {"id":"1"} query {"title":"t"}"#);
    let library = Library::new(Profile::Envoy, |options| options.capture_unknown_query_parameters = true);
    library.check(&[
        content,
        ("POST /content/1/x?content.data=AA", r#"path {"id":"1"}"#),
        ("POST /raw?content_type=x&a=1", "unknown a=1"),
    ]);
    Library::new(Profile::Strict, |options| options.capture_unknown_query_parameters = true)
        .check(&[("POST /raw?content_type=x&a=1", "unknown content_type=x unknown a=1")]);
    Library::envoy().check(&[content]);
    assert!(Library::envoy().bind("POST /raw?a=1").is_err());
}

#[test]
fn a_path_of_names_has_a_limit() {
    let deep = |depth: usize| format!("GET /books/1?{}title=x", "next.".repeat(depth));
    let library = Library::strict();
    assert!(library.bind(&deep(98)).is_ok_and(|(bindings, _)| bindings.query_singular.len() > 98 * 3));
    assert!(library.bind(&deep(100)).is_err());
    assert!(library.bind(&deep(100_000)).is_err());
}

#[test]
fn many_parameters_take_room_in_proportion() {
    let library = Library::strict();
    let size = |count: usize| {
        let (bindings, _) =
            library.bind(&format!("GET /books/1?{}", "tags=a&author.surname=b&stock[k]=1&".repeat(count))).unwrap();
        bindings.query_singular.len() + bindings.query_repeated.len()
    };
    assert_eq!(size(20_000), 20_000 * size(1));
}

thread_local! {
    static LIBRARIES: [Library; 2] = [Library::strict(), Library::new(Profile::Envoy, |options| {
        options.ignore_unknown_query_parameters = true;
        options.map_query_parameters = true;
        options.validation.reject_binding_body_field_collisions = true;
    })];
}

proptest! {
    #[test]
    fn whatever_is_bound_is_a_message(
        parameters in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "id", "title", "author.surname", "next.next.tags", "stock[%61]", "notes[1]", "genre", "printed",
                    "loan", "lent", "cover", "weight", "pages", "content.data", "any", "x", "author", "[", "a]", "..",
                ]),
                prop_oneof!["[0-9]{1,3}", "[a-zA-Z0-9%+._-]{0,8}", Just("2026-01-02T03:04:05Z".to_owned())],
            ),
            0..8,
        ),
        noise in any::<Vec<u8>>(),
    ) {
        let query = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        LIBRARIES.with(|libraries| {
            for library in libraries {
                for request in ["GET /books/1?", "PUT /books/1?", "PATCH /books/A?", "POST /content/1/x?", "POST /raw?"] {
                    // It prints what is bound, which panics on what is no message. (A mask may be one that cannot be printed.)
                    drop(library.bind(&format!("{request}{query}")));
                }
                let path = [b"/titles/", noise.as_slice()].concat();
                if let Lookup::Found(route) = library.router.find(b"GET", &path) {
                    drop(bind(&library.schema, &route, &library.options));
                }
            }
        });
    }
}
