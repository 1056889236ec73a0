//! gRPC-JSON transcoding as a Proxy-Wasm module: the adapter, which decides nothing.
//!
//! It gives each exchange of the core what the proxy shows of it.
#![cfg(target_family = "wasm")]

use grpc_json_transcoder_core::exchange::Exchange;
use grpc_json_transcoder_core::transcoder::Transcoder;
use http_exchange::{BodyStep, CallReply, Headers, Part, Route, Step};
use strict_config::Problems;
use wasm_adapter::Plugin;

wasm_adapter::register!(GrpcJsonTranscoder);

struct GrpcJsonTranscoder(Transcoder);

impl Plugin for GrpcJsonTranscoder {
    type Exchange = Exchange;

    fn configure(configuration: &[u8]) -> Result<Self, Problems> {
        Transcoder::configure(configuration).map(Self)
    }

    fn open(&self) -> Exchange {
        self.0.open()
    }

    fn reads(&self, exchange: &Exchange, part: Part) -> bool {
        exchange.reads(&self.0, part)
    }

    fn on_request_headers<'a>(
        &'a mut self,
        exchange: &'a mut Exchange,
        head: &Headers<'a>,
        end_of_stream: bool,
        route: &mut dyn Route,
    ) -> Step<'a> {
        exchange.on_request_headers(&self.0, head, end_of_stream, route)
    }

    fn on_request_body<'a>(
        &'a mut self,
        exchange: &'a mut Exchange,
        body: &'a [u8],
        end_of_stream: bool,
    ) -> BodyStep<'a> {
        exchange.on_request_body(&self.0, body, end_of_stream)
    }

    fn on_request_trailers<'a>(&'a mut self, exchange: &'a mut Exchange, _trailers: &Headers<'a>) -> BodyStep<'a> {
        exchange.on_request_trailers(&self.0)
    }

    fn on_response_headers<'a>(
        &'a mut self,
        exchange: &'a mut Exchange,
        head: &Headers<'a>,
        end_of_stream: bool,
    ) -> Step<'a> {
        exchange.on_response_headers(&self.0, head, end_of_stream)
    }

    fn on_response_body<'a>(
        &'a mut self,
        exchange: &'a mut Exchange,
        body: &'a [u8],
        end_of_stream: bool,
    ) -> BodyStep<'a> {
        exchange.on_response_body(&self.0, body, end_of_stream)
    }

    fn on_response_trailers<'a>(&'a mut self, exchange: &'a mut Exchange, trailers: &Headers<'a>) -> BodyStep<'a> {
        exchange.on_response_trailers(&self.0, trailers)
    }

    fn on_call_reply<'a>(&'a mut self, exchange: &'a mut Exchange, reply: &CallReply<'a>) -> Step<'a> {
        exchange.on_call_reply(&self.0, reply)
    }
}
