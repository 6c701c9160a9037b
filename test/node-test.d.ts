// node-test.d.ts - the part of node:test that the tests use; @types/node@14 is older than it.
declare module 'node:test' {
  type TestOptions = { skip?: boolean | string; timeout?: number; concurrency?: number | boolean };
  type TestContext = { diagnostic(message: string): void; skip(message?: string): void; after(fn: () => void): void };
  type TestFunction = (context: TestContext) => void | Promise<void>;
  export function test(name: string, fn: TestFunction): Promise<void>;
  export function test(name: string, options: TestOptions, fn: TestFunction): Promise<void>;
  export function after(fn: () => void): void;
  export function before(fn: () => void): void;
}
declare module 'node:assert/strict' {
  import { strict } from 'assert';
  export default strict;
}
