"""The people around the court who do not move: the umpire on the chair and the line judges."""

import numpy as np

from tracknet_jax.synthetic.camera.camera import Camera
from tracknet_jax.synthetic.camera.picture import paste, shade
from tracknet_jax.synthetic.look import BLACK, Look, clothes
from tracknet_jax.synthetic.people.figures import draw_person, shadow_of
from tracknet_jax.synthetic.people.pose import Body, standing
from tracknet_jax.synthetic.place.hall import Hall
from tracknet_jax.synthetic.play.sports import Sport

STEEL = np.array([70.0, 76.0, 84.0])
# The umpire's chair, and the thighs on it: both ends in metres, the radius, the part.
CHAIR = (
    *(((x, y, 0.0), (x / 2, y / 2, 1.6), 0.04, "chair") for x in (-0.45, 0.45) for y in (-0.4, 0.4)),
    ((0.0, -0.32, 1.6), (0.0, 0.32, 1.6), 0.16, "chair"),
    ((0.0, 0.0, 1.75), (0.45, 0.0, 1.7), 0.11, "shorts"),
)


def draw_officials(
    picture: np.ndarray, sport: Sport, look: Look, camera: Camera, hall: Hall, rng: np.random.Generator
) -> None:
    """Draws them into the still picture, in place, from the farthest to the nearest."""
    people = [_umpire(-sport.net_width / 2 - 1.0)]
    if not sport.walls:
        side, far = hall.side - 0.7, hall.far - 0.6
        people += [standing(x, far, (0.0, -1.0)) for x in (-0.42 * sport.width, 0.42 * sport.width)]
        people += [standing(side, y, (-1.0, 0.0)) for y in (8.0, -7.0)]
    for body in sorted(people, key=lambda body: -body.depth):
        kit = clothes(look.brand, BLACK, rng) | {"chair": STEEL}
        person = draw_person(body, kit, camera, look.light, factor=1)
        shadow = shadow_of(body, camera, look.light)
        if shadow is not None:
            shade(picture, shadow, look.shadow)
        if person is not None:
            paste(picture, person)


def _umpire(x: float) -> Body:
    """The upper half of a person on a high chair, and the chair."""
    person = standing(x, 0.0, (1.0, 0.0))
    sits = (person.ends[..., 2] > 0.8).all(axis=1)
    chair = np.array([bar[:2] for bar in CHAIR]) + np.array([x, 0, 0])
    return Body(
        np.concatenate([chair, person.ends[sits] + [0, 0, 0.85]]),
        np.concatenate([[(bar[2], bar[2]) for bar in CHAIR], person.radii[sits]]),
        (*(bar[3] for bar in CHAIR), *np.array(person.parts)[sits].tolist()),
    )
