//! Heads and trailers between the two forms that they have: hyper's, which belong to the wire, and the engine's.
//!
//! Both hold bytes of any kind in values. What the engine's form can hold and the wire cannot (a line feed in a value) is left
//! out, as Envoy refuses to set it.

use http::header::{HOST, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version, request, response};

use crate::bootstrap::Protocol;
use crate::envoy::HeaderMap;

/// A request's head with its pseudo-headers; `None` when it names no authority, which HTTP/1.1 does not allow.
pub(super) fn from_request(parts: &request::Parts) -> Option<HeaderMap> {
    let host = parts.headers.get(HOST).map(HeaderValue::as_bytes);
    // In the absolute form the target says it, whatever `host` says (RFC 9112, section 3.2.2).
    let authority = parts.uri.authority().map(|authority| authority.as_str().as_bytes()).or(host)?;
    let path = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let scheme = parts.uri.scheme_str().unwrap_or("http");
    let mut headers = HeaderMap::from_pairs([
        (&b":authority"[..], authority),
        (b":path", path.as_bytes()),
        (b":method", parts.method.as_str().as_bytes()),
        (b":scheme", scheme.as_bytes()),
    ]);
    for (name, value) in &parts.headers {
        if name != HOST {
            headers.add(name.as_str().as_bytes(), value.as_bytes());
        }
    }
    Some(headers)
}

/// A response's head with `:status`.
pub(super) fn from_response(parts: &response::Parts) -> HeaderMap {
    let mut headers = HeaderMap::from_pairs([(":status", parts.status.as_str())]);
    for (name, value) in &parts.headers {
        headers.add(name.as_str().as_bytes(), value.as_bytes());
    }
    headers
}

/// Trailers, which have no pseudo-headers.
pub(super) fn from_trailers(trailers: &http::HeaderMap) -> HeaderMap {
    HeaderMap::from_pairs(trailers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
}

/// A request to an upstream that speaks this protocol; `None` when method, path or authority cannot stand on the wire.
pub(super) fn to_request<B>(headers: &HeaderMap, protocol: Protocol, body: B) -> Option<Request<B>> {
    let pseudo = |name: &[u8]| headers.get(name);
    let authority = pseudo(b":authority").unwrap_or_default();
    let path = PathAndQuery::try_from(pseudo(b":path")?).ok()?;
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(pseudo(b":method")?).ok()?;
    *request.headers_mut() = to_fields(headers);
    match protocol {
        Protocol::Http1 => {
            *request.uri_mut() = Uri::from(path);
            request.headers_mut().insert(HOST, HeaderValue::from_bytes(authority).ok()?);
        }
        Protocol::Http2 => {
            let mut parts = http::uri::Parts::default();
            parts.scheme = Scheme::try_from(pseudo(b":scheme").unwrap_or(b"http")).ok();
            parts.authority = Some(Authority::try_from(authority).ok()?);
            parts.path_and_query = Some(path);
            *request.uri_mut() = Uri::from_parts(parts).ok()?;
            *request.version_mut() = Version::HTTP_2;
        }
    }
    Some(request)
}

/// A response; one whose `:status` a plugin has spoilt is a 502, as in Envoy.
pub(super) fn to_response<B>(headers: &HeaderMap, body: B) -> Response<B> {
    let status = headers.get(b":status").and_then(|status| StatusCode::from_bytes(status).ok());
    let mut response = Response::new(body);
    *response.status_mut() = status.unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = to_fields(headers);
    response
}

/// The entries that are not pseudo-headers.
pub(super) fn to_fields(headers: &HeaderMap) -> http::HeaderMap {
    headers
        .iter()
        .filter(|(name, _)| name.first() != Some(&b':'))
        .filter_map(|(name, value)| Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?)))
        .fold(http::HeaderMap::new(), |mut fields, (name, value)| {
            fields.append(name, value);
            fields
        })
}
