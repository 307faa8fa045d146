;; Rabin's rolling hash over a window of 64 bytes, for a polynomial of degree 53.
;; Memory: 0 table `mod` (256 x 8 bytes), 2048 table `out` (256 x 8 bytes), from 4096 on the bytes.
;;   mod[b] = (b * x^53 mod P) | b << 53     takes the top byte of a digest that was shifted by 8 back below x^53
;;   out[b] = b * x^(8 * 64) mod P           what a byte still weighs when it leaves the window
;; The digest depends on nothing but the window, so four parts of the bytes are hashed side by side: one alone waits for its own last step.
(module
  (memory (export "memory") 2)

  ;; The digest of the 64 bytes before `at`.
  (func $warm (param $at i32) (result i64)
    (local $digest i64) (local $from i32)
    (local.set $from (i32.sub (local.get $at) (i32.const 64)))
    (loop $next
      (local.set $digest
        (i64.xor
          (i64.or (i64.shl (local.get $digest) (i64.const 8)) (i64.load8_u (local.get $from)))
          (i64.load (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $digest) (i64.const 45))) (i32.const 3)))))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 1))) (local.get $at))))
    (local.get $digest))

  ;; Slides over [from, end): the address behind the first byte where the digest has no bit of `mask`, or 0. 64 bytes lie before `from`.
  (func $single (param $from i32) (param $end i32) (param $mask i64) (result i32)
    (local $digest i64)
    (if (i32.ge_u (local.get $from) (local.get $end)) (then (return (i32.const 0))))
    (local.set $digest (call $warm (local.get $from)))
    (loop $next
        (local.set $digest
          (i64.xor
            (i64.xor
              (i64.or (i64.shl (local.get $digest) (i64.const 8)) (i64.load8_u (local.get $from)))
              (i64.load offset=2048 (i32.shl (i32.load8_u (i32.sub (local.get $from) (i32.const 64))) (i32.const 3))))
            (i64.load (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $digest) (i64.const 45))) (i32.const 3)))))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (if (i64.eqz (i64.and (local.get $digest) (local.get $mask))) (then (return (local.get $from))))
        (br_if $next (i32.lt_u (local.get $from) (local.get $end))))
    (i32.const 0))

  ;; The same in four lanes.
  (func (export "scan") (param $from i32) (param $end i32) (param $mask i64) (result i32)
    (local $lane i32) (local $first i32) (local $end0 i32)
    (local $a0 i32) (local $a1 i32) (local $a2 i32) (local $a3 i32)
    (local $d0 i64) (local $d1 i64) (local $d2 i64) (local $d3 i64)
    (if (i32.lt_u (i32.sub (local.get $end) (local.get $from)) (i32.const 1024))
      (then (return (call $single (local.get $from) (local.get $end) (local.get $mask)))))
    (local.set $lane (i32.shr_u (i32.sub (local.get $end) (local.get $from)) (i32.const 2)))
    (local.set $a0 (local.get $from))
    (local.set $a1 (i32.add (local.get $a0) (local.get $lane)))
    (local.set $a2 (i32.add (local.get $a1) (local.get $lane)))
    (local.set $a3 (i32.add (local.get $a2) (local.get $lane)))
    (local.set $end0 (local.get $a1))
    (local.set $d0 (call $warm (local.get $a0)))
    (local.set $d1 (call $warm (local.get $a1)))
    (local.set $d2 (call $warm (local.get $a2)))
    (local.set $d3 (call $warm (local.get $a3)))
    (local.set $first (i32.const -1))
    (loop $next
        (local.set $d0
          (i64.xor
            (i64.xor
              (i64.or (i64.shl (local.get $d0) (i64.const 8)) (i64.load8_u (local.get $a0)))
              (i64.load offset=2048 (i32.shl (i32.load8_u (i32.sub (local.get $a0) (i32.const 64))) (i32.const 3))))
            (i64.load (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $d0) (i64.const 45))) (i32.const 3)))))
        (local.set $a0 (i32.add (local.get $a0) (i32.const 1)))
        (local.set $d1
          (i64.xor
            (i64.xor
              (i64.or (i64.shl (local.get $d1) (i64.const 8)) (i64.load8_u (local.get $a1)))
              (i64.load offset=2048 (i32.shl (i32.load8_u (i32.sub (local.get $a1) (i32.const 64))) (i32.const 3))))
            (i64.load (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $d1) (i64.const 45))) (i32.const 3)))))
        (local.set $a1 (i32.add (local.get $a1) (i32.const 1)))
        (local.set $d2
          (i64.xor
            (i64.xor
              (i64.or (i64.shl (local.get $d2) (i64.const 8)) (i64.load8_u (local.get $a2)))
              (i64.load offset=2048 (i32.shl (i32.load8_u (i32.sub (local.get $a2) (i32.const 64))) (i32.const 3))))
            (i64.load (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $d2) (i64.const 45))) (i32.const 3)))))
        (local.set $a2 (i32.add (local.get $a2) (i32.const 1)))
        (local.set $d3
          (i64.xor
            (i64.xor
              (i64.or (i64.shl (local.get $d3) (i64.const 8)) (i64.load8_u (local.get $a3)))
              (i64.load offset=2048 (i32.shl (i32.load8_u (i32.sub (local.get $a3) (i32.const 64))) (i32.const 3))))
            (i64.load (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $d3) (i64.const 45))) (i32.const 3)))))
        (local.set $a3 (i32.add (local.get $a3) (i32.const 1)))
        ;; What the first lane finds is the first of all.
        (if (i64.eqz (i64.and (local.get $d0) (local.get $mask))) (then (return (local.get $a0))))
        (if (i64.eqz (i64.and (local.get $d1) (local.get $mask)))
          (then (if (i32.lt_u (local.get $a1) (local.get $first)) (then (local.set $first (local.get $a1))))))
        (if (i64.eqz (i64.and (local.get $d2) (local.get $mask)))
          (then (if (i32.lt_u (local.get $a2) (local.get $first)) (then (local.set $first (local.get $a2))))))
        (if (i64.eqz (i64.and (local.get $d3) (local.get $mask)))
          (then (if (i32.lt_u (local.get $a3) (local.get $first)) (then (local.set $first (local.get $a3))))))
        (br_if $next (i32.lt_u (local.get $a0) (local.get $end0))))
    (if (i32.ne (local.get $first) (i32.const -1)) (then (return (local.get $first))))
    ;; What four do not divide.
    (call $single (local.get $a3) (local.get $end) (local.get $mask))))
