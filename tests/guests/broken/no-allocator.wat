;; Has neither `malloc` nor `proxy_on_memory_allocate`, so a host can return it no value.
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_context_create") (param i32 i32)))
