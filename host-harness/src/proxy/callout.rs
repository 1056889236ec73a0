//! The HTTP request of a plugin to one of the proxy's clusters.
//!
//! As in Envoy, no endpoint, no connection and a timeout are ordinary responses (503, 503, 504) for the plugin; only a
//! connection that breaks in the middle and an answer that is too large are failures.

use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

use super::body::OutgoingBody;
use super::engine::{Engine, sleep};
use super::head;
use crate::envoy::{Callout, CalloutResponse, HeaderMap, ReplyForm, UpstreamFailure};

/// The largest body that a callout may answer with; Envoy holds it in memory too.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// Sends the request and hands the answer to the plugin.
pub(super) async fn run(engine: Rc<Engine>, callout: Callout) {
    let Callout { id, cluster, headers, body, trailers, timeout } = callout;
    let form = ReplyForm::of(Some(&headers));
    let exchange = exchange(&engine, &cluster, headers, body, &trailers, timeout);
    let answer = tokio::select! {
        answer = exchange => answer,
        () = sleep(Some(timeout).filter(|timeout| !timeout.is_zero())) => Err(UpstreamFailure::Timeout),
    };
    let answer = answer.unwrap_or_else(|failure| Some(CalloutResponse::of_failure(failure, form)));
    engine.drive(|worker| worker.callout_response(id, answer));
}

async fn exchange(
    engine: &Engine,
    cluster: &str,
    mut headers: HeaderMap,
    body: Vec<u8>,
    trailers: &HeaderMap,
    timeout: Duration,
) -> Result<Option<CalloutResponse>, UpstreamFailure> {
    let endpoint = engine.clusters.pick(cluster)?;
    // What Envoy's own client says about itself.
    headers.replace(b"x-envoy-internal", b"true");
    headers.replace(b"x-forwarded-for", endpoint.address.ip().to_string().as_bytes());
    if !timeout.is_zero() {
        headers.replace(b"x-envoy-expected-rq-timeout-ms", timeout.as_millis().to_string().as_bytes());
    }
    if !body.is_empty() && headers.get(b"content-length").is_none() && trailers.is_empty() {
        headers.add(b"content-length", body.len().to_string().as_bytes());
    }
    let trailers = (!trailers.is_empty()).then(|| head::to_fields(trailers));
    let body = OutgoingBody::whole(Bytes::from(body), trailers);
    let Some(request) = head::to_request(&headers, endpoint.protocol, body) else { return Ok(None) };
    let asked = Instant::now();
    let (parts, body) = endpoint.send(request).await?.into_parts();
    let took = asked.elapsed().as_millis().to_string();
    let Ok(collected) = Limited::new(body, BODY_LIMIT).collect().await else { return Ok(None) };
    let trailers = collected.trailers().map(head::from_trailers).unwrap_or_default();
    let body = collected.to_bytes().to_vec();
    let mut headers = head::from_response(&parts);
    headers.overwrite(b"x-envoy-upstream-service-time", took.as_bytes());
    Ok(Some(CalloutResponse { headers, body, trailers }))
}
