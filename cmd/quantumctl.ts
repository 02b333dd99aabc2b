import { runOperator } from "../lib/operator/run-operator.ts";

void runOperator();
