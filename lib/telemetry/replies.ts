import { RedisReplyError } from "../redis/redis-errors.ts";
import { type RedisReply, UnexpectedReplyError } from "../redis/reply.ts";

/** What the server answered one command: a value, or the error that it is about this key. */
export type Answer = RedisReply | RedisReplyError;

/** Where there is nothing to read: no such stream, or no such group. */
const ABSENT = /no such key|^NOGROUP/;

/** A collector's answers, in the order of its commands. */
export class Replies {
  readonly #answers: readonly Answer[];
  #next = 0;

  constructor(answers: readonly Answer[]) {
    this.#answers = answers;
  }

  /** The next answer. Throws the server's error. */
  next(): RedisReply {
    const answer = this.#take();
    if (answer instanceof RedisReplyError) throw answer;
    return answer;
  }

  /** The next answer; undefined where the stream or its group does not exist. Throws any other error. */
  nextUnlessAbsent(): RedisReply | undefined {
    const answer = this.#take();
    if (!(answer instanceof RedisReplyError)) return answer;
    if (ABSENT.test(answer.message)) return undefined;
    throw answer;
  }

  /** The next answer; "unreadable" where the key holds another type. Throws any other error. */
  nextUnlessUnreadable(): RedisReply | { readonly unreadable: true } {
    const answer = this.#take();
    if (!(answer instanceof RedisReplyError)) return answer;
    if (answer.code === "WRONGTYPE") return { unreadable: true };
    throw answer;
  }

  #take(): Answer {
    const answer = this.#answers[this.#next];
    if (answer === undefined)
      throw new UnexpectedReplyError("an answer to every command", this.#answers.length);
    this.#next += 1;
    return answer;
  }
}
