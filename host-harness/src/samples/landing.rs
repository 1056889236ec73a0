//! The gRPC service of the guides' transcoding scenario, `org.feuyeux.grpc.LandingService`, to the letter.
//!
//! A request has two fields: `data` is the index of a greeting, `meta` names the client's language. A reply has the status
//! 200 and one result for each request, whose `kv` has the greeting (`data`), the index (`idx`), the language in capitals
//! (`meta`) and a UUID (`id`). An index beyond the greetings is NOT_FOUND; what is no index is INVALID_ARGUMENT.
//! `talkOneAnswerMore` takes several indices with commas between them, the streaming methods several requests.

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt as _};
use tonic::server::{ClientStreamingService, Grpc, ServerStreamingService, StreamingService, UnaryService};
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

use super::server;

/// Its name in full, which its methods' paths begin with.
pub const SERVICE: &str = "org.feuyeux.grpc.LandingService";

/// What the index of a request stands for.
const GREETINGS: [&str; 6] = ["Hello", "Bonjour", "Hola", "こんにちは", "Ciao", "안녕하세요"];

/// What a client asks.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TalkRequest {
    /// The index of a greeting.
    #[prost(string, tag = "1")]
    pub data: String,
    /// The client's language.
    #[prost(string, tag = "2")]
    pub meta: String,
}

/// What it is answered.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TalkResponse {
    /// 200.
    #[prost(int32, tag = "1")]
    pub status: i32,
    /// One for each request.
    #[prost(message, repeated, tag = "2")]
    pub results: Vec<TalkResult>,
}

/// One greeting.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TalkResult {
    /// Nanoseconds since 1970.
    #[prost(int64, tag = "1")]
    pub id: i64,
    /// Whether there is one.
    #[prost(enumeration = "ResultType", tag = "2")]
    pub r#type: i32,
    /// `data`, `id`, `idx` and `meta`.
    #[prost(btree_map = "string, string", tag = "3")]
    pub kv: BTreeMap<String, String>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum ResultType {
    /// With a greeting.
    Ok = 0,
    /// Without one.
    Fail = 1,
}

/// The service; all its instances are alike.
#[derive(Clone, Copy, Debug)]
pub struct Landing;

type Answer = Result<tonic::Response<TalkResponse>, Status>;
type Answers = Pin<Box<dyn Stream<Item = Result<TalkResponse, Status>> + Send>>;

impl Landing {
    /// Serves until it is dropped, and every connection of it too.
    pub async fn serve(self, listener: TcpListener) -> io::Error {
        server::serve(listener, |request, _| answer(request)).await
    }
}

async fn answer(request: Request<Incoming>) -> Response<tonic::body::Body> {
    let path = request.uri().path();
    let method = path.strip_prefix('/').and_then(|path| path.strip_prefix(SERVICE)?.strip_prefix('/'));
    let method = method.map(str::to_owned);
    let mut grpc = Grpc::new(ProstCodec::<TalkResponse, TalkRequest>::default());
    match method.as_deref() {
        Some("talk") => grpc.unary(Landing, request).await,
        Some("talkOneAnswerMore") => grpc.server_streaming(Landing, request).await,
        Some("talkMoreAnswerOne") => grpc.client_streaming(Landing, request).await,
        Some("talkBidirectional") => grpc.streaming(Landing, request).await,
        _ => Status::unimplemented(format!(
            "expected a method of {SERVICE}, but found {path}",
            path = request.uri().path()
        ))
        .into_http(),
    }
}

impl UnaryService<TalkRequest> for Landing {
    type Response = TalkResponse;
    type Future = Ready<Answer>;

    fn call(&mut self, request: tonic::Request<TalkRequest>) -> Self::Future {
        ready(greet(&request.into_inner()).map(tonic::Response::new))
    }
}

impl ServerStreamingService<TalkRequest> for Landing {
    type Response = TalkResponse;
    type ResponseStream = Answers;
    type Future = Ready<Result<tonic::Response<Answers>, Status>>;

    fn call(&mut self, request: tonic::Request<TalkRequest>) -> Self::Future {
        let TalkRequest { data, meta } = request.into_inner();
        let indices: Vec<TalkRequest> =
            data.split(',').map(|index| TalkRequest { data: index.to_owned(), meta: meta.clone() }).collect();
        let answers: Answers = Box::pin(tokio_stream::iter(indices).map(|one| greet(&one)));
        ready(Ok(tonic::Response::new(answers)))
    }
}

impl ClientStreamingService<TalkRequest> for Landing {
    type Response = TalkResponse;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn call(&mut self, request: tonic::Request<Streaming<TalkRequest>>) -> Self::Future {
        Box::pin(async move {
            let mut requests = request.into_inner();
            let mut results = Vec::new();
            while let Some(request) = requests.next().await {
                results.extend(greet(&request?)?.results);
            }
            Ok(tonic::Response::new(TalkResponse { status: 200, results }))
        })
    }
}

impl StreamingService<TalkRequest> for Landing {
    type Response = TalkResponse;
    type ResponseStream = Answers;
    type Future = Ready<Result<tonic::Response<Answers>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<TalkRequest>>) -> Self::Future {
        let answers: Answers = Box::pin(request.into_inner().map(|request| greet(&request?)));
        ready(Ok(tonic::Response::new(answers)))
    }
}

fn greet(request: &TalkRequest) -> Result<TalkResponse, Status> {
    let TalkRequest { data, meta } = request;
    let index: usize = data
        .parse()
        .map_err(|_| Status::invalid_argument(format!("expected the index of a greeting, but found {data:?}")))?;
    let greeting = GREETINGS.get(index).ok_or_else(|| {
        Status::not_found(format!(
            "expected the index of a greeting from 0 to {}, but found {index}",
            GREETINGS.len() - 1
        ))
    })?;
    let kv = [("data", (*greeting).to_owned()), ("id", uuid()), ("idx", data.clone()), ("meta", meta.to_uppercase())];
    let result = TalkResult {
        id: nanoseconds(),
        r#type: ResultType::Ok.into(),
        kv: kv.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    };
    Ok(TalkResponse { status: 200, results: vec![result] })
}

fn nanoseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// A random UUID (RFC 9562, version 4).
fn uuid() -> String {
    let mut random = [0; 16];
    // Without randomness it is not unique, which nobody relies on.
    let _ = getrandom::fill(&mut random);
    let random = u128::from_be_bytes(random);
    let part = |from: u32, bits: u32| random >> from & ((1 << bits) - 1);
    let variant = 0x8000 | part(48, 14);
    format!("{:08x}-{:04x}-4{:03x}-{variant:04x}-{:012x}", part(96, 32), part(80, 16), part(64, 12), part(0, 48))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Full};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use prost::Message as _;
    use tokio::net::TcpStream;

    use super::*;

    /// Calls a method over HTTP/2 with these messages: what came back, and the trailers, which may be in the head.
    async fn call(method: &str, requests: &[(&str, &str)]) -> (Vec<TalkResponse>, http::HeaderMap) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let socket = TcpStream::connect(listener.local_addr().expect("its address")).await.expect("a connection");
        tokio::spawn(Landing.serve(listener));
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.expect("HTTP/2");
        tokio::spawn(connection);
        let mut body = Vec::new();
        for (data, meta) in requests {
            let message = TalkRequest { data: (*data).to_owned(), meta: (*meta).to_owned() }.encode_to_vec();
            body.extend([&[0][..], &(message.len() as u32).to_be_bytes(), &message].concat());
        }
        let request =
            Request::post(format!("http://test/{SERVICE}/{method}")).header("content-type", "application/grpc");
        let request = request.header("te", "trailers").body(Full::new(Bytes::from(body))).expect("a request");
        let (head, body) = sender.send_request(request).await.expect("a response").into_parts();
        assert_eq!(head.status, 200);
        let body = body.collect().await.expect("its body");
        let trailers = body.trailers().cloned().unwrap_or(head.headers);
        let (mut messages, mut rest) = (Vec::new(), &body.to_bytes()[..]);
        while let Some((prefix, after)) = rest.split_first_chunk::<5>() {
            let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
            messages.push(TalkResponse::decode(&after[..length]).expect("a message"));
            rest = &after[length..];
        }
        (messages, trailers)
    }

    /// The greetings of each message, and the status.
    async fn said(method: &str, requests: &[(&str, &str)]) -> String {
        let (messages, trailers) = call(method, requests).await;
        let said = messages.iter().map(|message| {
            let said = message.results.iter().map(|it| format!("{} {}", it.kv["data"], it.kv["meta"]));
            said.collect::<Vec<_>>().join("+")
        });
        let header = |name| trailers.get(name).map_or("", |value| value.to_str().expect("ASCII")).to_owned();
        format!("{} [{}] {}", said.collect::<Vec<_>>().join(" | "), header("grpc-status"), header("grpc-message"))
    }

    #[tokio::test]
    async fn it_answers_as_the_guides_show() {
        let (messages, _) = call("talk", &[("0", "java")]).await;
        let [TalkResponse { status: 200, results }] = messages.as_slice() else { panic!("{messages:?}") };
        let [TalkResult { id: 1.., r#type: 0, kv }] = results.as_slice() else { panic!("{results:?}") };
        let fixed: Vec<_> =
            kv.iter().filter(|(key, _)| *key != "id").map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(fixed, ["data=Hello", "idx=0", "meta=JAVA"]);
        let id: Vec<_> = kv["id"].split('-').map(str::len).collect();
        assert_eq!(id, [8, 4, 4, 4, 12]);
    }

    #[tokio::test]
    async fn every_method_greets_in_its_own_way() {
        let two = [("0", "java"), ("1", "go")];
        assert_eq!(said("talkOneAnswerMore", &[("0,1", "java")]).await, "Hello JAVA | Bonjour JAVA [0] ");
        assert_eq!(said("talkMoreAnswerOne", &two).await, "Hello JAVA+Bonjour GO [0] ");
        assert_eq!(said("talkBidirectional", &two).await, "Hello JAVA | Bonjour GO [0] ");
    }

    #[tokio::test]
    async fn what_there_is_not_is_an_error_of_grpc() {
        let said = async |method, data| said(method, &[(data, "java")]).await.replace("%20", " ");
        insta::assert_snapshot!(said("talk", "9").await, @" [5] expected the index of a greeting from 0 to 5, but found 9");
        insta::assert_snapshot!(said("talk", "x").await, @r#" [3] expected the index of a greeting, but found %22x%22"#);
        insta::assert_snapshot!(said("talkOneAnswerMore", "0,9").await, @"Hello JAVA [5] expected the index of a greeting from 0 to 5, but found 9");
        insta::assert_snapshot!(said("nothing", "0").await, @" [12] expected a method of org.feuyeux.grpc.LandingService, but found /org.feuyeux.grpc.LandingService/nothing");
    }
}
