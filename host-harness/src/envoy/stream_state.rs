//! What a stream looks like from inside a module: its messages, its route, and what each filter may touch right now.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::HeaderMap;
use super::local_reply::ReplyForm;
use crate::bootstrap::{DEFAULT_ROUTE_TIMEOUT, Direction, RandomValue, RouteAction, RouteTable};

/// The connection that a stream came on.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Unique in its process.
    pub id: u64,
    /// The client's address.
    pub source: SocketAddr,
    /// The address that the client called.
    pub destination: SocketAddr,
    /// As `request.protocol` shows it: `HTTP/1.1`, `HTTP/2`.
    pub protocol: String,
}

/// One stream, shared by its filters.
pub(super) struct StreamState {
    pub(super) connection: Connection,
    pub(super) listener_direction: Direction,
    pub(super) routes: Arc<RouteTable>,
    pub(super) random: RandomValue,
    pub(super) started_at: u64,
    pub(super) request: Message,
    pub(super) response: Message,
    pub(super) reply_form: ReplyForm,
    pub(super) response_details: Option<String>,
    /// Response flags as `envoy.data.accesslog.v3.ResponseFlags` numbers them; bit by bit.
    pub(super) response_flags: u64,
    pub(super) transport_failure: String,
    pub(super) finished_at: Option<u64>,
    /// The router has sent the request on.
    pub(super) upstream_requested: bool,
    /// How many endpoints its cluster has.
    pub(super) upstream_endpoints: u64,
    pub(super) upstream_address: Option<SocketAddr>,
    /// What plugins wrote with `proxy_set_property`, by full key (`wasm.<path>`).
    pub(super) filter_state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The route as it was last found, and whether it still counts.
    route: Option<SelectedRoute>,
    route_is_known: bool,
}

/// One half of an exchange.
#[derive(Default)]
pub(super) struct Message {
    pub(super) headers: Option<HeaderMap>,
    pub(super) trailers: Option<HeaderMap>,
    /// The part of the body that is passing through the filters.
    pub(super) chunk: Vec<u8>,
    /// The part that a filter holds back.
    pub(super) buffered: Option<Vec<u8>>,
    /// Body bytes that have come in.
    pub(super) body_size: u64,
}

/// The route of a stream, as plugins see it.
#[derive(Clone, Debug)]
pub(super) struct SelectedRoute {
    pub(super) name: String,
    pub(super) virtual_host: String,
    pub(super) cluster: Option<String>,
    pub(super) direct: Option<(u16, String)>,
    pub(super) timeout: Duration,
}

impl StreamState {
    pub(super) fn new(
        connection: Connection,
        listener_direction: Direction,
        routes: Arc<RouteTable>,
        random: u64,
        now: u64,
    ) -> Self {
        Self {
            connection,
            listener_direction,
            routes,
            random: RandomValue(random),
            started_at: now,
            request: Message::default(),
            response: Message::default(),
            reply_form: ReplyForm::default(),
            response_details: None,
            response_flags: 0,
            transport_failure: String::new(),
            finished_at: None,
            upstream_requested: false,
            upstream_endpoints: 0,
            upstream_address: None,
            filter_state: BTreeMap::new(),
            route: None,
            route_is_known: false,
        }
    }

    /// The route, found now unless it is still known.
    pub(super) fn route(&mut self) -> Option<&SelectedRoute> {
        if !self.route_is_known {
            self.route = self.find_route();
            self.route_is_known = true;
        }
        self.route.as_ref()
    }

    /// The route as plugins see it: the one that was found last, even when the cache has been cleared since.
    pub(super) fn seen_route(&self) -> Option<&SelectedRoute> {
        self.route.as_ref()
    }

    fn find_route(&self) -> Option<SelectedRoute> {
        let headers = self.request.headers.as_ref()?;
        // Envoy's route table answers nothing to a request that has lost the scheme it came by.
        headers.get(b"x-forwarded-proto").filter(|scheme| !scheme.is_empty())?;
        let (host, route) = self.routes.select(headers, &|key| self.filter_state.get(key.as_bytes()).cloned())?;
        let direct = match &route.action {
            RouteAction::Direct { status, body } => Some((*status, body.clone())),
            RouteAction::Cluster(_) | RouteAction::Weighted(_) => None,
        };
        Some(SelectedRoute {
            name: route.name.clone(),
            virtual_host: host.name.clone(),
            cluster: route.action.cluster(self.random).map(str::to_owned),
            direct,
            timeout: route.timeout.unwrap_or(DEFAULT_ROUTE_TIMEOUT),
        })
    }

    pub(super) fn clear_route_cache(&mut self) {
        self.route_is_known = false;
    }
}

/// What one filter may touch of its stream right now.
#[derive(Default)]
pub(super) struct View {
    pub(super) request: HalfView,
    pub(super) response: HalfView,
    /// `proxy_on_log` runs: headers can be read and nothing can be written.
    pub(super) logging: bool,
    /// The filter has answered the request itself.
    pub(super) replied: bool,
}

/// What one filter may touch of one half.
#[derive(Default)]
pub(super) struct HalfView {
    pub(super) headers: bool,
    pub(super) trailers: bool,
    pub(super) body: bool,
    /// The filter asked for the whole body: it sees what is held back, not the part that has just come.
    pub(super) buffering: bool,
    /// The body callback that runs is the last of its message.
    pub(super) end_of_stream: bool,
}

impl HalfView {
    /// What `proxy_continue_stream` takes away.
    pub(super) fn close(&mut self) {
        self.headers = false;
        self.trailers = false;
        self.body = false;
    }
}
