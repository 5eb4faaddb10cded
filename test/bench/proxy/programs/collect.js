// Loaded into a Node process with --expose-gc: SIGUSR2 collects its garbage. Twice, since the first time only
// schedules what finalizers hold.
process.on('SIGUSR2', () => {
  globalThis.gc();
  globalThis.gc();
});
