//! The service of the guides' full-link A/B test, to the letter.
//!
//! `GET /hello/{msg}` answers `<greeting> {msg}@<name>:<ip>` and, when `HTTP_HELLO_BACKEND` is set, `<` and the body of
//! `http://$HTTP_HELLO_BACKEND:8001/hello/{msg}`. Of the request's headers it passes on only those of
//! [tracing](super::TRACING_HEADERS): that no other header travels by itself is what the test is about. `GET /bye` does
//! the same and passes all headers on. On a service without a backend, `/hello/404` and its like answer that status,
//! and every caller answers it again.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use tokio::net::TcpListener;

use super::{client, server};

/// The statuses that a service without a backend answers when a message asks for them.
const STATUSES_ON_REQUEST: [&str; 4] = ["404", "400", "500", "503"];

/// The port that every backend has.
const BACKEND_PORT: u16 = 8001;

/// One instance of the service.
#[derive(Clone, Debug)]
pub struct Hello {
    greeting: String,
    name: String,
    backend: Option<String>,
    proxy: Option<SocketAddr>,
}

impl Hello {
    /// The service as `HOSTNAME` and `HTTP_HELLO_BACKEND` of this environment make it. It reaches its backend through
    /// `proxy`, in the absolute form that a client gives an HTTP proxy; without one it connects by itself.
    pub fn new(greeting: &str, environment: &BTreeMap<String, String>, proxy: Option<SocketAddr>) -> Self {
        let value = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let host = value("HOSTNAME").map_or("localhost", String::as_str);
        Self {
            greeting: greeting.to_owned(),
            name: host.split('-').next().unwrap_or_default().to_owned(),
            backend: value("HTTP_HELLO_BACKEND").cloned(),
            proxy,
        }
    }

    /// Serves until it is dropped, and every connection of it too.
    pub async fn serve(self, listener: TcpListener) -> io::Error {
        let service = Arc::new(self);
        server::serve(listener, move |request, ip| {
            let service = Arc::clone(&service);
            async move { service.answer(request, ip).await }
        })
        .await
    }

    async fn answer(&self, request: Request<Incoming>, ip: IpAddr) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let own = match path.strip_prefix("/hello/") {
            _ if request.method() != Method::GET => return status(StatusCode::METHOD_NOT_ALLOWED),
            Some(message) if !message.is_empty() && !message.contains('/') => {
                if self.backend.is_none() && STATUSES_ON_REQUEST.contains(&message) {
                    return status(message.parse().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
                }
                format!("{} {message}@{}:{ip}", self.greeting, self.name)
            }
            None if path == "/bye" => format!("Bye@{}:{ip}", self.name),
            _ => return status(StatusCode::NOT_FOUND),
        };
        let Some(backend) = &self.backend else { return text(own) };
        let headers = match path {
            "/bye" => end_to_end(request.headers()),
            _ => client::tracing_only(request.headers()),
        };
        match client::get(self.proxy, &format!("{backend}:{BACKEND_PORT}"), path, headers).await {
            Ok((StatusCode::OK, body)) => text(format!("{own}<{body}")),
            Ok((code, _)) => status(code),
            Err(_) => status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// All headers but those of this one connection and this one body.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let of_this_hop: [HeaderName; 5] =
        [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::UPGRADE];
    let mut passed = headers.clone();
    for name in of_this_hop {
        passed.remove(name);
    }
    passed
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn text(body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    response
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::sync::mpsc;

    use super::*;

    async fn start(greeting: &str, environment: &[(&str, &str)], proxy: Option<SocketAddr>) -> SocketAddr {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        tokio::spawn(Hello::new(greeting, &environment, proxy).serve(listener));
        address
    }

    /// A backend's stand-in that shows the request line and headers which reach it.
    async fn start_echo() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (seen, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.expect("a connection");
                let seen = seen.clone();
                let echo = service_fn(move |request: Request<Incoming>| {
                    let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
                    let _ = seen.send(format!("{} {}", request.uri(), names.join(" ")));
                    async { Ok::<_, Infallible>(text("echo".to_owned())) }
                });
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), echo);
                tokio::spawn(async move { connection.await.expect("an exchange") });
            }
        });
        (address, requests)
    }

    async fn get(address: SocketAddr, path: &str) -> String {
        let headers = ["x-request-id", "x-b3-traceid", "b3", "traceparent", "route-v"]
            .map(|name| (HeaderName::from_static(name), HeaderValue::from_static("1")));
        let (status, body) =
            client::get(Some(address), "any", path, headers.into_iter().collect()).await.expect("an answer");
        format!("{} {body}", status.as_u16())
    }

    #[tokio::test]
    async fn it_greets_and_appends_what_its_backend_says() {
        let last = start("Hello", &[("HOSTNAME", "hello2-deploy-v1-abc")], None).await;
        let backend = [("HOSTNAME", "hello1-deploy-v2-abc"), ("HTTP_HELLO_BACKEND", "hello2-svc")];
        let first = start("Bonjour", &backend, Some(last)).await;
        assert_eq!(get(last, "/hello/eric").await, "200 Hello eric@hello2:127.0.0.1");
        assert_eq!(get(first, "/hello/eric").await, "200 Bonjour eric@hello1:127.0.0.1<Hello eric@hello2:127.0.0.1");
        assert_eq!(get(first, "/bye").await, "200 Bye@hello1:127.0.0.1<Bye@hello2:127.0.0.1");
        assert_eq!(get(first, "/other").await, "404 ");
    }

    #[tokio::test]
    async fn a_status_asked_of_the_last_service_comes_back_through_its_callers() {
        let last = start("Hello", &[], None).await;
        let first = start("Hello", &[("HTTP_HELLO_BACKEND", "hello2-svc")], Some(last)).await;
        for code in STATUSES_ON_REQUEST {
            assert_eq!(get(first, &format!("/hello/{code}")).await, format!("{code} "));
        }
        assert_eq!(get(first, "/hello/418").await, "200 Hello 418@localhost:127.0.0.1<Hello 418@localhost:127.0.0.1");
    }

    #[tokio::test]
    async fn only_tracing_headers_travel_on_hello_and_all_on_bye() {
        let (backend, mut requests) = start_echo().await;
        let service = start("Hello", &[("HTTP_HELLO_BACKEND", "hello2-svc")], Some(backend)).await;
        get(service, "/hello/eric").await;
        get(service, "/bye").await;
        insta::assert_snapshot!(requests.recv().await.expect("a request"), @"http://hello2-svc:8001/hello/eric x-request-id x-b3-traceid host");
        insta::assert_snapshot!(requests.recv().await.expect("a request"), @"http://hello2-svc:8001/bye x-request-id x-b3-traceid b3 traceparent route-v host");
    }
}
