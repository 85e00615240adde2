// Whether the process in this container answers; ends with 0 or 1, for HEALTHCHECK. A gateway on its own is asked at the data
// plane, anything else at the control plane, which listens before there is an owner. It says that the process is up, not that
// the gate is open: a closed gate is no reason to restart it; /readyz says that.
import { request as overHttp } from "node:http";
import { request as overTls } from "node:https";

const waitMsMax = 4_000;

const { env } = process;
const isGateway = (env["HEADGATE_FEED"] ?? "") !== "";
const port = isGateway ? (env["HEADGATE_PORT"] ?? "8700") : (env["HEADGATE_CONTROL_PORT"] ?? "8701");
// The certificate names the outside; here it is this machine asking itself.
const options = { host: "127.0.0.1", port, path: "/healthz", timeout: waitMsMax, rejectUnauthorized: false };
const request = (env["HEADGATE_TLS_CERT"] ?? "") === "" ? overHttp(options) : overTls(options);
request.on("response", ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1));
request.on("timeout", () => process.exit(1));
request.on("error", () => process.exit(1));
request.end();
