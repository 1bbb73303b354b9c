#!/usr/bin/env node
/** The one program: `mpin <command>`. */
import { runProgram } from './program.js';

// A pipe closed by its reader (`mpin --help | head`) ends the program without a stack trace.
process.stdout.on('error', () => process.exit(0));

// Explicit, because what a failed start leaves open (threads, a parent's channel) would wait.
process.exit(await runProgram(process.argv.slice(2)));
