//! How every sample and the upstream of a bench serve: HTTP/1.1 and HTTP/2 on one port, every connection in a task of its own.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::{Body, Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Serves until it is dropped, and every connection of it too. A request comes with the address that it was sent to.
pub(crate) async fn serve<A, F, B>(listener: TcpListener, answer: A) -> io::Error
where
    A: Fn(Request<Incoming>, IpAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let answer = Arc::new(answer);
    let mut connections = JoinSet::new();
    loop {
        let (socket, ip) = match listener.accept().await.and_then(|(socket, _)| Ok((socket.local_addr()?.ip(), socket)))
        {
            Ok((ip, socket)) => (socket, ip),
            Err(error) => return error,
        };
        // As servers of gRPC do: trailers must not wait until a body has been acknowledged.
        let _ = socket.set_nodelay(true);
        let answer = Arc::clone(&answer);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let answering = answer(request, ip);
                async move { Ok::<_, Infallible>(answering.await) }
            });
            // A connection that breaks concerns its client alone.
            let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}
