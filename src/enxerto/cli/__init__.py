"""The command line: `enxerto COMMAND`, one module a command, loaded when it is asked for."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from enxerto.errors import EXIT_INTERRUPTED, EnxertoError, StorageError

COMMANDS = {
    "train": "Train a classifier on a folder of photos and evaluate it honestly.",
    "compare": "Compare backbones on your photos and this machine, and say which to take.",
    "evaluate": "Measure a saved model on labelled photos.",
    "predict": "Classify photos with a saved model.",
    "explain": "Show which parts of a photo an answer rests on.",
    "attack": "Change photos so little that nobody sees it, and so that a network is fooled.",
    "robustness": "Measure how easily a network is fooled: a report within a budget of time.",
    "features": "Draw what the layers of a network see in a photo.",
    "ideal": "Make the ideal image of a class, and ask other networks what they see in it.",
    "tricks": "Measure what each training trick does on your photos.",
    "data": "List and get data sets by name.",
    "lab": "Do a lesson's lab: from an archive to backbones side by side.",
    "check": "Look photos over: unreadable files, duplicates, leaks, imbalance.",
    "report": "Draw the report of a saved model again.",
    "export": "Write a model on a Keras backbone as a .keras file, with a proof.",
    "backbones": "List pretrained networks; fetch, import, verify and bundle their weights.",
    "cache": "Show, verify or prune what is kept between runs.",
    "demo": "Do the main job on embedded photos, without any download.",
    "doctor": "Say what this machine has and what is missing.",
}


class _LazyGroup(click.Group):
    """Knows names and help of its commands without importing them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"enxerto.cli.{name}").command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from enxerto.errors import UnknownNameError

            raise UnknownNameError("command", name, COMMANDS)
        return super().resolve_command(ctx, args)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="enxerto")
@click.option(
    "--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."
)  # `main` looks for it
def enxerto() -> None:
    """Transfer learning on images, end to end.

    Data goes to stdout; progress and messages go to stderr. Exit codes: 0 done, 1 the job could not be done, 2 wrong
    usage, 3 done but some photos could not be read (with --on-error fail), 4 busy, 5 disk or permission, 6 a file is
    not what its checksum says, 7 worse than --min-accuracy, 130 interrupted.
    """
    from enxerto.cli.messages import show_warnings

    show_warnings()


def main() -> None:
    """Run the command line; every expected error becomes one line on stderr and its documented exit code."""
    debug = "--debug" in sys.argv[1:]
    stdout = sys.stdout
    try:
        code = enxerto.main(prog_name="enxerto", standalone_mode=False)
    except EnxertoError as error:
        code = _fail(str(error), error.exit_code, debug)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        code = 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _fail(
            "interrupted; what was finished is kept: the same command goes on from there, fine-tuning with --resume",
            EXIT_INTERRUPTED,
            debug,
        )
    except OSError as error:  # what nobody foresaw, such as a full disk for temporary files
        code = _fail(f"the system refused something: {error}", StorageError.exit_code, debug)
    except SystemExit as ended:  # when stdout's reader has enough, as in `… | head`, click wraps stdout and exits
        code = ended.code if sys.stdout is stdout else 0
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    problems = [" ".join(part.split()) for part in message.split("\n- ")]
    click.echo("\n- ".join([f"enxerto: {problems[0]}", *problems[1:]]), err=True)
    return code
