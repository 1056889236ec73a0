//! A filter that reads a header the way most filters do, through the SDK's getter of strings, which panics on a value that is
//! not UTF-8 and so takes its virtual machine down. Nothing in it is wrong by the SDK's documentation.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream;

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if let Some(user) = self.get_http_request_header("x-user") {
            self.set_http_request_header("x-seen", Some(&user));
        }
        Action::Continue
    }
}
