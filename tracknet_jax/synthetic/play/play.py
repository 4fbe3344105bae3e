"""Plays points: who hits the ball, when and where to, and how it flies in between."""

from dataclasses import dataclass, field

import numpy as np

from tracknet_jax.synthetic.play.physics import Flight, fly
from tracknet_jax.synthetic.play.sports import GRAVITY, Sport
from tracknet_jax.synthetic.play.strokes import hit_ball

NEAR, FAR = -1, 1
WALK_SPEED = 4.0  # m/s, on the way to the serve
RUN_SPEED = 5.5  # m/s, what a player reaches on average on the way to the ball


@dataclass(frozen=True)
class Player:
    """Who stands where: `side` is NEAR or FAR, `lane` shifts the waiting place sideways (doubles)."""

    side: int
    lane: float
    handed: int  # 1: the racket is in the right hand


@dataclass(frozen=True)
class Stroke:
    """A racket meets the ball."""

    time: float
    player: int
    contact: np.ndarray  # (3,)


@dataclass
class Play:
    """The flights of the ball, the strokes, and where each player stands at which time."""

    players: tuple[Player, ...]
    flights: list[Flight] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    stations: list[list[tuple[float, np.ndarray]]] = field(default_factory=list)  # per player: (time, xy)

    def ball(self, times: np.ndarray) -> np.ndarray:
        """Ball centres `(N, 3)` at `times` (N,) in seconds; NaN where no ball is in play."""
        result = np.full((len(times), 3), np.nan)
        for flight in self.flights:
            inside = (times >= flight.start) & (times < flight.end)
            if inside.any():
                result[inside] = flight.at(times[inside])
        return result


def play_points(sport: Sport, duration: float, rng: np.random.Generator) -> Play:
    """Points one after the other, from before 0 until after `duration` seconds."""
    play = Play(_line_up(sport, rng))
    play.stations = [[(-5.0, _waiting_place(sport, player, rng))] for player in play.players]
    time = -rng.uniform(0.2, 2.5)
    while time < duration + 0.5:
        time = _play_point(sport, play, time, duration + 1.0, rng) + rng.uniform(0.3, 0.9)
    return play


def _line_up(sport: Sport, rng: np.random.Generator) -> tuple[Player, ...]:
    lanes = [0.0] if sport.team == 1 else [-sport.width / 4, sport.width / 4]
    return tuple(
        Player(side, lane, 1 if rng.random() < 0.85 else -1) for side in (NEAR, FAR) for lane in lanes
    )


def _waiting_place(sport: Sport, player: Player, rng: np.random.Generator) -> np.ndarray:
    x, depth = player.lane + rng.normal(0, 0.3), sport.base_depth + rng.normal(0, 0.35)
    return np.array([x, player.side * depth])


def _play_point(sport: Sport, play: Play, time: float, stop: float, rng) -> float:
    """Plays one point from the toss at about `time`; returns when the ball is dead, or a time after `stop`."""
    hitter, serve = int(rng.integers(len(play.players))), True
    time, contact = _serve(sport, play, hitter, time, rng)
    while True:
        _strike(play, hitter, time, contact)
        side = play.players[hitter].side
        flight = hit_ball(sport, side, contact, time, serve, rng)
        answer = _interception(sport, play, flight, -side, rng)
        if answer is None:
            play.flights.append(flight)  # it ends a moment after the second bounce
            return flight.end
        (hitter, time, contact), serve = answer, False
        play.flights.append(flight.until(time))
        if time > stop:
            return time


def _serve(sport: Sport, play: Play, server: int, time: float, rng) -> tuple[float, np.ndarray]:
    """The toss, from the hand straight up; returns when and where the racket meets the ball."""
    player = play.players[server]
    x = rng.uniform(0.3, 1.2) if player.lane == 0 else abs(player.lane)
    hand = np.array([x * rng.choice([-1, 1]), player.side * sport.serve_depth, sport.serve_height * 0.55])
    since, place = play.stations[server][-1]
    time = max(time, since + float(np.linalg.norm(_stance(player, hand) - place)) / WALK_SPEED)
    # The ball leaves the hand fast enough to pass the contact point by a little, and is hit on the way down.
    rise = np.sqrt(2 * GRAVITY * (sport.serve_height + 0.12 - hand[2]))
    toss = fly(sport, hand, np.array([0.0, -0.15 * player.side, rise]), time)
    falling = time + rise / GRAVITY + np.arange(0, 0.5, 1 / 500)
    path = toss.at(falling)
    row = int(np.argmax(path[:, 2] < sport.serve_height))
    contact_time = float(falling[row])
    play.flights.append(toss.until(contact_time))
    return contact_time, path[row]


def _strike(play: Play, hitter: int, time: float, contact: np.ndarray) -> None:
    """Adds a stroke: the hitter stands at the ball."""
    player = play.players[hitter]
    play.strokes.append(Stroke(time, hitter, contact))
    stand = _stance(player, contact)
    play.stations[hitter].append((time, stand))
    play.stations[hitter].append((time + 0.18, stand - np.array([0, 0.15 * player.side])))


def _stance(player: Player, contact: np.ndarray) -> np.ndarray:
    """Where the feet `(..., 2)` are when the racket meets the ball `(..., 3)`: beside it, a little behind."""
    overhead = np.clip((contact[..., 2] - 1.4) / 1.2, 0, 1)
    # The near player looks away from the camera, so the right hand is on the right of the picture.
    sideways = -player.side * player.handed * (0.75 - 0.5 * overhead)
    return contact[..., :2] - np.stack([sideways, np.full_like(sideways, -0.3 * player.side)], axis=-1)


def _interception(sport: Sport, play: Play, flight: Flight, side: int, rng):
    """(player, time, contact) of the stroke that answers `flight`, or None if nobody gets the ball."""
    if not _is_good(sport, flight, side):
        return None
    times = np.arange(flight.start + 0.18, flight.end, 0.02)
    positions = flight.at(times)
    grounds = [event.time for event in flight.events if event.kind == "ground"]
    first, second = (*grounds, np.inf, np.inf)[:2]
    low, high = sport.reach
    playable = (positions[:, 1] * side > 0.6) & (times < second)
    playable &= (positions[:, 2] > low) & (positions[:, 2] < high)
    playable &= np.abs(positions[:, 1]) < sport.length / 2 + sport.runback
    volley = sport.name == "badminton" or (sport.name == "padel" and rng.random() < 0.35)
    playable &= (times < first) if volley else (times > first + 0.12)
    candidates = []
    for index, player in enumerate(play.players):
        if player.side == side:
            since, place = play.stations[index][-1]
            away = np.linalg.norm(_stance(player, positions) - place, axis=-1)
            way = away / RUN_SPEED
            for row in np.flatnonzero(playable & (way < times - max(since, flight.start))):
                cost = abs(positions[row, 2] - sport.liked_height) + 0.15 * away[row]
                candidates.append((cost, index, row, way[row]))
    if not candidates:
        return None
    _, index, row, way_time = min(candidates)
    time = float(times[row])
    _wait(play, index, min(flight.start + rng.uniform(0.12, 0.22), time - way_time))
    _return_others(sport, play, index, time, rng)
    return index, time, positions[row]


def _wait(play: Play, index: int, time: float) -> None:
    """A player stays where they are until the opponent has hit the ball."""
    last_time, place = play.stations[index][-1]
    if time > last_time:
        play.stations[index].append((time, place))


def _return_others(sport: Sport, play: Play, index: int, time: float, rng) -> None:
    """Everyone but the player who runs for the ball returns towards the waiting place until `time`."""
    for other, player in enumerate(play.players):
        last_time, place = play.stations[other][-1]
        span = time - 0.1 - last_time
        if other != index and span > 0.2:
            way = _waiting_place(sport, player, rng) - place
            share = min(1.0, WALK_SPEED * span / max(float(np.linalg.norm(way)), 1e-6))
            play.stations[other].append((time - 0.1, place + way * share))


def _is_good(sport: Sport, flight: Flight, side: int) -> bool:
    """Whether the ball lands first on the receivers' half of the court, and never hits the net."""
    if not flight.events or any(event.kind == "net" for event in flight.events):
        return False
    x, y, _ = flight.events[0].position
    inside = abs(x) < sport.width / 2 + 0.1 and abs(y) < sport.length / 2 + 0.1
    return flight.events[0].kind == "ground" and inside and y * side > 0
