//! What holds the result up: how it changes when studies are left out.

mod leave_one_out;

pub use leave_one_out::{LeftOut, leave_one_out};
