// Preloaded by bin/launch.mjs into the process that it starts: when the launcher is gone, however it ended, so is this
// process. Killing what a person sees as `headgate` never leaves a gateway behind that holds the port.
/* oxlint-disable typescript/no-unsafe-call, typescript/no-unsafe-member-access, typescript/no-unsafe-return, typescript/strict-boolean-expressions -- plain JavaScript has no types that these rules could read */
if (process.env.HEADGATE_LAUNCHER === String(process.ppid) && process.channel) {
  delete process.env.HEADGATE_LAUNCHER;
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
}
