//! Header propagation and stamping: the decisions, without a host.
