//! The service `details` of Istio's sample application Bookinfo: what is known of a book, and the same of every book.
//!
//! `GET /details/2` answers a JSON object with the members of Bookinfo's. What is no number is no book: 400.

use std::io;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::server;

/// The service; all its instances are alike.
#[derive(Clone, Copy, Debug)]
pub struct Details;

impl Details {
    /// Serves until it is dropped, and every connection of it too.
    pub async fn serve(self, listener: TcpListener) -> io::Error {
        server::serve(listener, |request: Request<Incoming>, _| {
            let answered = answer(request.method(), request.uri().path());
            async { answered }
        })
        .await
    }
}

fn answer(method: &Method, path: &str) -> Response<Full<Bytes>> {
    let (status, body) = match path.strip_prefix("/details/") {
        None => (StatusCode::NOT_FOUND, json!({ "error": format!("expected /details/NUMBER, but found {path}") })),
        Some(_) if method != Method::GET => {
            (StatusCode::METHOD_NOT_ALLOWED, json!({ "error": format!("expected GET, but found {method}") }))
        }
        Some(id) => match id.parse() {
            Ok(id) => (StatusCode::OK, book(id)),
            Err(_) => {
                let error = format!("expected the number of a book, but found {id}");
                (StatusCode::BAD_REQUEST, json!({ "error": error }))
            }
        },
    };
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn book(id: u32) -> Value {
    json!({
        "id": id,
        "author": "William Shakespeare",
        "year": 1595,
        "type": "paperback",
        "pages": 200,
        "publisher": "PublisherA",
        "language": "English",
        "ISBN-10": "1234567890",
        "ISBN-13": "123-1234567890",
    })
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn ask(method: Method, path: &str) -> String {
        let response = answer(&method, path);
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        format!("{status} {}", String::from_utf8_lossy(&body))
    }

    #[tokio::test]
    async fn a_book_is_found_by_its_number() {
        let book = ask(Method::GET, "/details/2").await;
        assert!(book.starts_with("200 {") && book.contains("\"id\":2"), "{book}");
        insta::assert_snapshot!(ask(Method::GET, "/details/two").await, @r#"400 {"error":"expected the number of a book, but found two"}"#);
        insta::assert_snapshot!(ask(Method::PUT, "/details/2").await, @r#"405 {"error":"expected GET, but found PUT"}"#);
        insta::assert_snapshot!(ask(Method::GET, "/").await, @r#"404 {"error":"expected /details/NUMBER, but found /"}"#);
    }
}
