// gRPC's own services as their tools see them, and streams as something to wait on.

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

import { decode } from './service.mjs';

const directory = process.env.ANAGRAPH_GRPC_PROTO_DIR ?? '/usr/share/grpc-proto';
const options = { includeDirs: [directory], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };

const load = (path) => grpc.loadPackageDefinition(protoLoader.loadSync(path, options)).grpc;
const { Health } = load('grpc/health/v1/health.proto').health.v1;
const reflection = {
  v1: load('grpc/reflection/v1/reflection.proto').reflection.v1,
  v1alpha: load('grpc/reflection/v1alpha/reflection.proto').reflection.v1alpha,
};

export const { status } = grpc;

// A connection of its own, which no other client shares.
const open = (Client, target) =>
  new Client(target, grpc.credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });

// What a stream says: each message as {message}, and at last {code, info}.
export class Stream {
  #events = [];
  #waiting = [];

  constructor(call) {
    this.call = call;
    call.on('data', (message) => this.#push({ message }));
    // The status says the same, and comes always.
    call.on('error', () => {});
    call.on('status', (ended) => this.#push({ code: ended.code, info: decode(ended) }));
  }

  #push(event) {
    const waiting = this.#waiting.shift();

    if (waiting === undefined) this.#events.push(event);
    else waiting(event);
  }

  next() {
    return this.#events.length > 0
      ? Promise.resolve(this.#events.shift())
      : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

export function connectHealth(target) {
  const client = open(Health, target);

  return {
    // Resolves to the state, or to {code, info}.
    check: (service) =>
      new Promise((resolve) =>
        client.Check({ service }, (error, answer) =>
          resolve(error ? { code: error.code, info: decode(error) } : answer.status),
        ),
      ),
    watch: (service) => new Stream(client.Watch({ service })),
    close: () => client.close(),
  };
}

export function connectReflection(target, version) {
  const client = open(reflection[version].ServerReflection, target);
  const streams = [];

  return {
    open() {
      const stream = new Stream(client.ServerReflectionInfo());

      streams.push(stream);
      return stream;
    },
    // Leaves streams that are open, too.
    close() {
      for (const stream of streams) stream.call.cancel();
      client.close();
    },
  };
}

const asIs = (bytes) => bytes;

// Any method, with bytes instead of messages.
export function connectRaw(target) {
  const client = open(grpc.Client, target);

  return {
    unary: (path, bytes) =>
      new Promise((resolve) =>
        client.makeUnaryRequest(path, asIs, asIs, bytes, (error, answer) =>
          resolve(error ? { code: error.code, info: decode(error) } : answer),
        ),
      ),
    watch: (path, bytes) => new Stream(client.makeServerStreamRequest(path, asIs, asIs, bytes)),
    open: (path) => new Stream(client.makeBidiStreamRequest(path, asIs, asIs)),
    close: () => client.close(),
  };
}

