//! `weft inspect` tells what each host would say to the filters that are shipped and to guests that misbehave.

use host_harness::inspect::inspect;

/// What is said of a guest that misbehaves, and whether Envoy would load it.
fn inspect_guest(guest: &str) -> anyhow::Result<(String, bool)> {
    let file = format!("{}/guests/broken/{guest}", env!("CARGO_MANIFEST_DIR"));
    let report = inspect(guest, &std::fs::read(file)?)?;
    Ok((report.to_string(), report.loads()))
}

#[test]
fn every_filter_is_loaded_by_every_host() -> anyhow::Result<()> {
    for module in artifacts::MODULES {
        let report = inspect(module.name, module.bytes)?;
        assert!(report.loads(), "{}", module.name);
        let report = serde_json::to_value(report)?;
        assert_eq!(report["bytes"], module.bytes.len());
        assert_eq!(report["abi_version"], "0.2.1");
        assert_eq!(report["allocators"], serde_json::json!(["malloc"]));
        for import in report["imports"].as_array().into_iter().flatten() {
            assert_eq!(import["known_to"], "every", "{import}");
            assert_eq!(import["module"], "env", "{import}");
        }
        for host in report["hosts"].as_array().into_iter().flatten() {
            assert_eq!(host["loads"], true, "{host}");
        }
    }
    Ok(())
}

#[test]
fn a_guest_that_every_host_loads_may_still_misbehave() -> anyhow::Result<()> {
    let (text, loads) = inspect_guest("bad-allocator.wat")?;
    assert!(loads);
    insta::assert_snapshot!(text, @r#"
    bad-allocator.wat: 300 bytes, ABI 0.2.1

    imports
      env.proxy_get_header_map_value  (i32, i32, i32, i32, i32) -> (i32)  every host
      env.proxy_log                   (i32, i32, i32) -> (i32)            every host

    exports
      callbacks  proxy_on_context_create, proxy_on_request_headers
      allocator  malloc
      other      memory, proxy_abi_version_0_2_1

    memory
      1 x 64 KiB to begin with, no maximum

    sections
      type            30 bytes
      import          50 bytes
      function         5 bytes
      memory           3 bytes
      export          98 bytes
      code            48 bytes
      data            24 bytes
      name            18 bytes

    hosts
      Envoy 1.40: loads it
      older Envoy, with the 12 WASI functions that it documents: loads it
    "#);
    Ok(())
}

#[test]
fn a_guest_that_no_host_loads_is_told_why() -> anyhow::Result<()> {
    let mut all = String::new();
    for guest in ["missing-import.wat", "no-abi-marker.wat", "no-allocator.wat", "wrong-signature.wat"] {
        let (text, loads) = inspect_guest(guest)?;
        assert!(!loads, "{guest}");
        all += &format!("{}\n", text.split("\n\nexports").next().unwrap_or_default());
        all += &format!("{}\n\n", text.split("\n\n").last().unwrap_or_default());
    }
    insta::assert_snapshot!(all, @r#"
    missing-import.wat: 148 bytes, ABI 0.2.1

    imports
      env.proxy_read_minds  (i32) -> (i32)  NO HOST
    hosts
      Envoy 1.40: refuses it: expected only imports of the Proxy-Wasm ABI 0.2.1 and of WASI, but found env.proxy_read_minds (i32) -> (i32); Envoy says "Failed to load Wasm module due to a missing import: env.proxy_read_minds"
      older Envoy, with the 12 WASI functions that it documents: refuses it for the same reason

    no-abi-marker.wat: 89 bytes, no ABI version

    imports
      none
    hosts
      Envoy 1.40: refuses it: expected an export proxy_abi_version_0_1_0, _0_2_0 or _0_2_1, but found none; Envoy says "Missing or unknown Proxy-Wasm ABI version". Build it with a Proxy-Wasm SDK
      older Envoy, with the 12 WASI functions that it documents: refuses it for the same reason

    no-allocator.wat: 102 bytes, ABI 0.2.1

    imports
      none
    hosts
      Envoy 1.40: refuses it: expected an export malloc or proxy_on_memory_allocate, but found neither; without one a host cannot hand bytes to the module
      older Envoy, with the 12 WASI functions that it documents: refuses it for the same reason

    wrong-signature.wat: 161 bytes, ABI 0.2.1

    imports
      none
    hosts
      Envoy 1.40: refuses it: expected the export proxy_on_request_headers to be (i32, i32, i32) -> (i32), but found (i32, i32) -> (i32); Envoy says "Bad function signature for: proxy_on_request_headers"
      older Envoy, with the 12 WASI functions that it documents: refuses it for the same reason
    "#);
    Ok(())
}
