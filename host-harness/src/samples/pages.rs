//! A front end: one static page, whose script asks the service `details` of another origin and shows what a browser lets it
//! read.
//!
//! The page is at `/` of `www.` and any domain; it asks `details.` of that domain, at its own port.

use std::io;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use tokio::net::TcpListener;

use super::server;

const PAGE: &str = include_str!("pages.html");

/// The front end; all its instances are alike.
#[derive(Clone, Copy, Debug)]
pub struct Pages;

impl Pages {
    /// Serves until it is dropped, and every connection of it too.
    pub async fn serve(self, listener: TcpListener) -> io::Error {
        server::serve(listener, |request: Request<Incoming>, _| {
            let page = page(request.uri().path());
            async { page }
        })
        .await
    }
}

fn page(path: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    match path {
        "/" => {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html;charset=UTF-8"));
            *response.body_mut() = Full::from(PAGE);
        }
        _ => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}
