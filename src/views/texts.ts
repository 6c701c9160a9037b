// texts.ts - the fixed texts that rr puts into a project. Knows no files.
import { findLiveRuns } from '../core/graph.ts';
import { printMakefile } from './makefile.ts';
import { RERUN_SCRIPT } from './rerunscript.ts';

/** provenance/README.txt: what a stranger needs who has only this folder. */
export const PROVENANCE_README = `PROVENANCE

This folder tells, as plain text, how the results in the folder above it were
made: which command, code, parameters, data and software, when, why, and with
which bytes as outcome.  It was written by rr.  You do not need rr to read it,
to check it, or to make the results again: a pager, sh, make and any program
that computes SHA-256 will do.

CHECK WHAT IS HERE            (in the folder above this one; runs nothing)

  make -f provenance/Makefile verify

compares every result, and every input that is still there, with its recorded
hash.  The same for the results alone:

  sha256sum -c provenance/SHA256SUMS

MAKE THE RESULTS AGAIN

  make -f provenance/Makefile              what is missing
  make -f provenance/Makefile reproduce    everything, in a copy of the
                                           project under .rr/reproduce, with
                                           a verdict for each result
  make -f provenance/Makefile FILE         one file
  sh provenance/rerun.sh help              all that it can do

The commands that are recorded here are then run on your machine, with your
rights: read the lines "Command:" in runs/ before you do so, as you would read
a stranger's script.

WHAT IS IN IT

  runs/YYYY-MM/ID.rec    one text file for each run, never changed after it.
                         ID is the start of the run in UTC and six letters.
  environments/HASH.rec  operating system, program, variables of the runs
                         that name HASH
  code/HASH.patch        changes to the code that were not committed when the
                         runs that name HASH were made ("git apply" reads it)
  code/HASH.src          scripts and other sources that were read and are in no
                         version control; HASH is as in the line of the input
  logs/ID.out, ID.err    what the run printed
  notes/YYYY-MM/ID.rec   what was noted on runs later, never changed either:
                         each names its runs (Run) and sets their Label, Tag,
                         Untag, Reason, Outcome, adds a Comment, or replaces or
                         removes an earlier note; the last by name counts
  signatures/ID.rec      what somebody signed, with the signature (.sig of SSH,
                         or .ed25519) and the public key (.pub or .pem)
  plan.rec               steps that somebody meant to run, a Command each; may be
                         missing, and tells of no run
  Makefile, SHA256SUMS   made from runs/ and notes/; may be deleted and made
                         again by rr
  rerun.sh               runs or checks one record; the same in every project

A LINE OF A RECORD

  Name: value            Input and Output: SHA-256, two spaces, bytes, name

In a value %XX is a byte in hexadecimal; it stands for "%" itself, control
bytes, bytes that are not UTF-8, a space at either end, and a backslash at the
end.  %{...} stands for a secret that was not written down.  A letter after
the bytes: x executable, l symbolic link (hash of its target's name), d folder,
p s c b no file with content.  Hash "-": no content; "?": not known.  A path
without "/" in front is relative to the folder above this one.  Status:
succeeded, failed, interrupted (a signal or time limit ended the command),
lost (rr itself was killed, and the end is not known).
Process: number, number of its parent (0: rr), seconds from Started to its
start and end, exit status, folder, command; Process_read and Process_wrote:
its number, and which files: Input and then Output (or Scratch_output) lines
counted from 1.  Repeats: the run was made again to compare, and Verdict says of
each output how it came out.  Parent: a run of which a parameter was changed.
Tree: scratch: it ran in a copy of the project, which is gone; Scratch_output
is what it wrote there, and no result of the project.
The last line, Sha256, is the SHA-256 of all the lines before it:

  sed '$d' runs/YYYY-MM/ID.rec | sha256sum

WAS ANYTHING CHANGED?         (in this folder)

Previous: a record that was there before, and the SHA-256 of its whole file.
All that are missing or not what a later record says:

  grep -h '^Previous: ' runs/*/*.rec | sort -u | while read -r p id hash; do
    f=runs/$(echo $id | cut -c1-4)-$(echo $id | cut -c5-6)/$id.rec
    echo "$hash  $f" | sha256sum -c --quiet
  done

Who changes a record can change all after it, too, but not what was signed: the
lines Head of signatures/ID.rec name the last records of that time in the same
way, the lines File other files.  With WHO and the key in a file "allowed" as
"WHO ssh-ed25519 AAAA...", from somebody you trust and not from here:

  ssh-keygen -Y verify -f allowed -I WHO -n rr-provenance \\
    -s signatures/ID.rec.sig < signatures/ID.rec
  openssl pkeyutl -verify -pubin -inkey signatures/ID.rec.pem -rawin \\
    -sigfile signatures/ID.rec.ed25519 -in signatures/ID.rec

What was recorded after the last signature can be taken away from its end
without a trace, and a time is what the writer's clock said.

Without any tool: "grep -rl 'Output: .* NAME$' runs" finds the runs that wrote
NAME; the last by name is the one that made it as it is.
`;

/** The project's own Makefile, made only where there is none. */
export const TOP_MAKEFILE = `# Made by rr because there was no Makefile. Yours to change.
# make: build what is missing and check. make verify; make reproduce; make FILE.
include provenance/Makefile
`;

/** What init puts into a project. */
export function initialFiles(): { readme: string; rerunScript: string; makefile: string; topMakefile: string } {
  return { readme: PROVENANCE_README, rerunScript: RERUN_SCRIPT, makefile: printMakefile(findLiveRuns([])), topMakefile: TOP_MAKEFILE };
}
