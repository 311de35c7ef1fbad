//! A file for each diagnosis: a real log that must get its code, logs that look
//! like it and must not, and what makes it more or less sure.
//!
//! The real logs are those of the erroneous examples of `docs/codes/`, whose source is
//! at hand, and those of the fixtures' program, one of each Go. What only looks
//! like it is the same log where the program, or the log, says something else.
//! `cargo xtask tidy` checks that none is missing.

mod gs0101_map_write_write;
mod gs0102_map_read_write;
mod gs0103_map_iteration_write;
mod gs0201_response_shared;
mod gs0202_response_after_handler;
mod gs0203_timeout_middleware;
mod gs0204_pooled_context;
mod gs0205_request_body;
mod gs0206_superfluous_write_header;
mod gs0301_loop_variable;
mod gs0302_captured_err;
mod gs0303_named_result;
mod gs0304_captured_local;
mod gs0401_append_shared;
mod gs0402_backing_array;
mod gs0403_element_update;
mod gs0501_one_side_unlocked;
mod gs0502_rlock_around_write;
mod gs0503_two_locks;
mod gs0504_lock_copied;
mod gs0505_released_early;
mod gs0506_check_then_act;
mod gs0507_unlock_unlocked;
mod gs0508_unguarded;
mod gs0601_atomic_mixed;
mod gs0602_lazy_init;
mod gs0701_waitgroup_add_inside;
mod gs0702_waitgroup_reused;
mod gs0703_waitgroup_negative;
mod gs0801_send_on_closed;
mod gs0802_double_close;
mod gs0803_channel_replaced;
mod gs0901_config_reload;
mod gs0902_default_client;
mod gs0903_environment;
mod gs0904_rand_source;
mod gs0905_package_variable;
mod gs1001_pool_after_put;
mod gs1002_timer_shared;
mod gs1003_library_type;
mod gs1004_large_argument;
mod gs1101_test_ended;
mod gs1102_parallel_fixture;
mod gs1201_stuck_channel;
mod gs1202_stuck_lock;
mod gs1203_stuck_wait_group;
mod gs1204_deadlock;
mod gs1205_lock_order;
