//! A policy in Rust, with nothing of ours but the layout in <anagraph/policy.h>: what was
//! seen later is taken, the rest kept, and all but VALUE deferred. It writes the
//! structures down as the header has them, up to the last member that it looks at.
#![deny(warnings)]

use std::ffi::{c_char, c_int, c_void};
use std::mem::size_of;
use std::ptr;

const ABI_VERSION: u32 = 1;
const VALUE: u32 = 1;
const KEEP: u32 = 1;
const TAKE: u32 = 3;
const DECIDED: c_int = 0;
const DEFER: c_int = 1;

#[repr(C)]
struct Text {
    data: *const c_char,
    size: usize,
}

#[repr(C)]
struct Value {
    kind: u32,
    boolean: u32,
    number: f64,
    time_us: i64,
    string: Text,
}

#[repr(C)]
struct Claim {
    value: Value,
    source: u32,
    rank: u32,
    observed_at_us: i64,
    recorded_at_us: i64,
    contact_id: u64,
    conversation: Text,
}

#[repr(C)]
struct Conflict {
    struct_size: usize,
    kind: u32,
    name_class: u32,
    account: Text,
    name: Text,
    incoming: *const Claim,
    stored: *const Claim,
}

#[repr(C)]
struct Verdict {
    struct_size: usize,
    verdict: u32,
    reserved: u32,
    reason: [u8; 64],
}

type Create = extern "C" fn(*const c_void, *const c_void, usize, usize, *mut *mut c_void) -> c_int;
type Decide = unsafe extern "C" fn(*const c_void, *const Conflict, *mut Verdict) -> c_int;

#[repr(C)]
pub struct Policy {
    struct_size: usize,
    abi_version: u32,
    kinds: u32,
    flags: u32,
    reserved: u32,
    id: *const c_char,
    version: *const c_char,
    build_id: *const c_char,
    create: Create,
    destroy: extern "C" fn(*mut c_void),
    decide: Decide,
}

/// All that it points to is constant.
unsafe impl Sync for Policy {}

extern "C" fn create(
    _host: *const c_void,
    _options: *const c_void,
    option_count: usize,
    _option_size: usize,
    instance: *mut *mut c_void,
) -> c_int {
    if option_count != 0 {
        return -22;
    }
    unsafe { *instance = ptr::null_mut() };
    DECIDED
}

extern "C" fn destroy(_instance: *mut c_void) {}

/// Sizes come first: behind them an older host's structures end.
unsafe extern "C" fn decide(_instance: *const c_void, conflict: *const Conflict, verdict: *mut Verdict) -> c_int {
    if (*conflict).struct_size < size_of::<Conflict>() || (*verdict).struct_size < size_of::<Verdict>() {
        return DEFER;
    }
    if (*conflict).kind != VALUE {
        return DEFER;
    }
    let is_later = (*(*conflict).incoming).observed_at_us > (*(*conflict).stored).observed_at_us;
    let (word, reason): (u32, &[u8]) = if is_later { (TAKE, b"LATER") } else { (KEEP, b"NOT_LATER") };
    let room = ptr::addr_of_mut!((*verdict).reason) as *mut u8;
    (*verdict).verdict = word;
    ptr::copy_nonoverlapping(reason.as_ptr(), room, reason.len());
    DECIDED
}

#[no_mangle]
pub extern "C" fn anagraph_policy_v1() -> *const Policy {
    static POLICY: Policy = Policy {
        struct_size: size_of::<Policy>(),
        abi_version: ABI_VERSION,
        kinds: 1 << VALUE,
        flags: 0,
        reserved: 0,
        id: b"rusty\0".as_ptr() as *const c_char,
        version: b"1.0.0\0".as_ptr() as *const c_char,
        build_id: b"\0".as_ptr() as *const c_char,
        create,
        destroy,
        decide,
    };
    &POLICY
}
