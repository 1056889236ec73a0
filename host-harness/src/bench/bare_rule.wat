;; A module that reads the user agent and sets the header `route-v` to `v2`, whatever it read: what the guides' iPhone rule costs
;; at least as Proxy-Wasm. No rule can cost less.
(module
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "user-agentroute-vv2")
  (func (export "proxy_abi_version_0_2_1"))
  ;; What is handed to it is never looked at.
  (func (export "malloc") (param i32) (result i32) i32.const 4096)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $get (i32.const 0) (i32.const 1024) (i32.const 10) (i32.const 8) (i32.const 12)))
    (drop (call $set (i32.const 0) (i32.const 1034) (i32.const 7) (i32.const 1041) (i32.const 2)))
    i32.const 0)
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) i32.const 0)
  (func (export "proxy_on_delete") (param i32)))
