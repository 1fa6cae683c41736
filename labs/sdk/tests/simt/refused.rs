//! Launches that no GPU of the preset would do, or that would not end here: a sentence, at once.

use lab_sdk::simt::{Cfg, Preset, Warp, launch};

fn refusal(cfg: Cfg) -> String {
    let kernel = async |_: Warp| panic!("it runs");
    launch(cfg, kernel).expect_err("it is refused").to_string()
}

#[test]
fn too_many_threads() {
    assert_eq!(
        refusal(Cfg::new([1, 1, 1], [33, 32, 1])),
        "a block of 33 x 32 x 1 = 1,056 threads is refused: a block has at most 1,024 threads, and 64 in z; put more blocks \
         into the grid instead"
    );
    assert_eq!(
        refusal(Cfg::new([1_000_000, 1, 1], [1000, 1, 1])),
        "1,000,000,000 threads (32,000,000 warps) are refused: this simulator runs at most 2,097,152 warps a launch; launch \
         fewer, and let each thread do several elements, a whole grid apart"
    );
    assert_eq!(
        refusal(Cfg::new([1, 70_000, 1], [32, 1, 1])),
        "a grid of 1 x 70000 x 1 blocks is refused: the most are 2,147,483,647 in x and 65,535 in y and z"
    );
    assert!(refusal(Cfg::new([u32::MAX; 3], [u32::MAX; 3])).starts_with("a block of "));
    assert!(refusal(Cfg::new([1, 1, 1], [1, 1, 65])).contains("64 in z"));
}

#[test]
fn no_threads() {
    assert_eq!(
        refusal(Cfg::new([0, 1, 1], [256, 1, 1])),
        "a launch of 0 x 1 x 1 blocks of 256 x 1 x 1 threads is refused: each number must be at least 1"
    );
    assert!(refusal(Cfg::new([1, 1, 1], [0, 1, 1])).ends_with("each number must be at least 1"));
}

#[test]
fn more_than_an_sm_has() {
    let cfg = |preset, smem_bytes| Cfg { preset, smem_bytes, ..Cfg::default() };
    assert_eq!(
        refusal(cfg(Preset::A100, 200_000)),
        "200,000 bytes of shared memory for a block are refused: A100 gives a block at most 166,912 (163 KiB); use a smaller \
         tile"
    );
    assert!(refusal(cfg(Preset::RTX3090, 100 * 1024)).contains("RTX 3090 gives a block at most 101,376 (99 KiB)"));
    assert!(launch(cfg(Preset::H100, 200_000), async |_: Warp| ()).is_ok());
    // The CUDA occupancy calculator: 1024 threads of 65 registers do not launch.
    assert_eq!(
        refusal(Cfg { regs_per_thread: 65, ..Cfg::new([1, 1, 1], [1024, 1, 1]) }),
        "a block of 1,024 threads with 65 registers each is refused: registers are handed out by the warp in units of 256, so \
         its 32 warps need 73,728 of the 65,536 that A100 has; use fewer threads or fewer registers"
    );
    assert_eq!(
        refusal(Cfg { regs_per_thread: 256, ..Cfg::default() }),
        "256 registers for a thread are refused: an instruction can name 255; what is more lies in slow local memory"
    );
    assert_eq!(
        refusal(Cfg { budget: 1_000_000_000_000, ..Cfg::default() }),
        "a budget of 1,000,000,000,000 thread-instructions is refused: the most is 100,000,000,000"
    );
}
