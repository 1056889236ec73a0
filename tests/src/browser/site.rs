//! The servers behind it all: pages of a front end, and what they ask for. Which is which, a path says.
//!
//! | path | answer |
//! |---|---|
//! | `/` | a page |
//! | `/sandbox` | a page with a page in a sandbox, whose origin is `null` |
//! | `/details/2` | what the front end wants, with the headers `x-total` and `x-internal` |
//! | `/login` | the cookie `session=eric` |
//! | `/account` | the cookie that the request had |
//! | `/catalogue` | something to keep for ten minutes |
//! | `/forbidden` | 403 |

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A running server; dropping it ends it.
pub struct Site {
    /// Where it listens.
    pub address: SocketAddr,
    _connections: JoinSet<()>,
}

impl Site {
    /// Starts one on a port that is free.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let service = service_fn(async |request| Ok::<_, Infallible>(answer(&request)));
                let serving =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
                // A connection that breaks concerns its client alone.
                connections.spawn(async move { drop(serving.await) });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, _connections: accepting })
    }
}

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let cookie = request.headers().get("cookie").and_then(|cookie| cookie.to_str().ok()).unwrap_or("no cookie");
    let (status, headers, body): (u16, &[(&str, &str)], &str) = match request.uri().path() {
        "/" => (200, &[("content-type", "text/html")], "<!doctype html><title>shop</title>"),
        "/sandbox" => (
            200,
            &[("content-type", "text/html")],
            r#"<!doctype html><title>shop</title><iframe sandbox="allow-scripts" src="/"></iframe>"#,
        ),
        "/details/2" => (200, &[("x-total", "1"), ("x-internal", "rack 7")], "the details"),
        "/login" => (200, &[("set-cookie", "session=eric")], "welcome"),
        "/account" => (200, &[], cookie),
        "/catalogue" => (200, &[("cache-control", "max-age=600")], "the catalogue"),
        "/forbidden" => (403, &[], "forbidden by the upstream"),
        _ => (404, &[], "not found"),
    };
    let builder = headers.iter().fold(Response::builder().status(status), |it, (name, value)| it.header(*name, *value));
    builder.body(Full::from(body.to_owned())).unwrap_or_default()
}
