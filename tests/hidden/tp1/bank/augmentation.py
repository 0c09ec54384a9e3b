# %% mutant: upper bound excluded
# killed by test_every_pair_of_shifts_is_equally_likely
# torch.randint exclut sa borne supérieure : le décalage +max_shift ne sort jamais.
class RandomShift(RandomShift):
    def __call__(self, image):
        if self.max_shift == 0 or torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = torch.randint(0, 2 * m, (2,)).tolist()
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: never negative
# killed by test_every_pair_of_shifts_is_equally_likely
# Les décalages vont de 0 à max_shift : jamais vers le haut ni vers la gauche.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = torch.randint(0, m + 1, (2,)).tolist()
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: one number for both axes
# killed by test_every_pair_of_shifts_is_equally_likely
# Lignes et colonnes sont décalées du même nombre : l'image ne se déplace qu'en diagonale.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        d = int(torch.randint(0, 2 * m + 1, ()))
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, d : d + height, d : d + width]

# %% mutant: columns only
# killed by test_every_pair_of_shifts_is_equally_likely
# Seules les colonnes sont décalées.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        left = int(torch.randint(0, 2 * m + 1, ()))
        return F.pad(image, (m, m))[:, :, left : left + image.shape[2]]

# %% mutant: rows or columns, not both
# killed by test_every_pair_of_shifts_is_equally_likely
# À chaque appel un seul des deux axes est décalé.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        shift = [m, m]
        shift[int(torch.rand(()) < 0.5)] = int(torch.randint(0, 2 * m + 1, ()))
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, shift[0] : shift[0] + height, shift[1] : shift[1] + width]

# %% mutant: always the largest shift
# killed by test_every_pair_of_shifts_is_equally_likely
# Le décalage vaut toujours plus ou moins max_shift, jamais moins.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = (2 * m * torch.randint(0, 2, (2,))).tolist()
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: rounded uniform numbers
# killed by test_every_pair_of_shifts_is_equally_likely
# Arrondir un nombre uniforme de [-m, m] rend les décalages extrêmes deux fois plus rares.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = (2 * m * torch.rand(2)).round().int().tolist()
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: truncated uniform numbers
# killed by test_every_pair_of_shifts_is_equally_likely
# int() tronque vers zéro : le décalage nul est trop fréquent, et max_shift ne sort jamais.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = (m + int(d) for d in np.random.uniform(-m, m, 2))
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: normal shifts
# killed by test_every_pair_of_shifts_is_equally_likely
# Les décalages suivent une loi normale bornée au lieu d'une loi uniforme.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = (m + (m / 2 * torch.randn(2)).round().clamp(-m, m).int()).tolist()
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: never in place
# killed by test_every_pair_of_shifts_is_equally_likely
# Le décalage (0, 0) est écarté et tiré à nouveau.
class RandomShift(RandomShift):
    def __call__(self, image):
        if self.max_shift == 0 or torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = m, m
        while (top, left) == (m, m):
            top, left = torch.randint(0, 2 * m + 1, (2,)).tolist()
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: one pixel at most
# killed by test_every_pair_of_shifts_is_equally_likely
# max_shift est ignoré : l'image ne bouge que d'un pixel.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(min(max_shift, 1), p)

# %% mutant: drawn once for all
# killed by test_every_pair_of_shifts_is_equally_likely
# Le décalage est tiré dans __init__ : toutes les images subissent le même.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(max_shift, p)
        self.corner = torch.randint(0, 2 * max_shift + 1, (2,)).tolist()

    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m, (top, left) = self.max_shift, self.corner
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: seeded at each call
# killed by test_every_pair_of_shifts_is_equally_likely
# La graine est fixée à chaque appel : le décalage est toujours le même.
class RandomShift(RandomShift):
    def __call__(self, image):
        torch.manual_seed(3)
        return super().__call__(image)

# %% mutant: one unit more
# killed by test_every_pair_of_shifts_is_equally_likely
# Les décalages vont jusqu'à max_shift + 1.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(max_shift + 1 if max_shift and p == 1 else max_shift, p)

# %% mutant: wraps around
# killed by test_what_comes_into_view_is_zero
# torch.roll fait rentrer par un bord ce qui sort par l'autre.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        return torch.roll(image, torch.randint(-m, m + 1, (2,)).tolist(), dims=(1, 2))

# %% mutant: edge repeated
# killed by test_what_comes_into_view_is_zero
# Le bord de l'image est recopié à la place laissée, au lieu de zéros.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = torch.randint(0, 2 * m + 1, (2,)).tolist()
        height, width = image.shape[1:]
        padded = F.pad(image[None], (m, m, m, m), mode="replicate")[0]
        return padded[:, top : top + height, left : left + width]

# %% mutant: reflected
# killed by test_what_comes_into_view_is_zero
# La place laissée reçoit l'image reflétée, au lieu de zéros.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = torch.randint(0, 2 * m + 1, (2,)).tolist()
        height, width = image.shape[1:]
        padded = F.pad(image[None], (m, m, m, m), mode="reflect")[0]
        return padded[:, top : top + height, left : left + width]

# %% mutant: filled with the darkest pixel
# killed by test_what_comes_into_view_is_zero
# La place laissée reçoit le minimum de l'image, qui n'est pas toujours zéro.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = torch.randint(0, 2 * m + 1, (2,)).tolist()
        height, width = image.shape[1:]
        padded = F.pad(image, (m, m, m, m), value=float(image.min()))
        return padded[:, top : top + height, left : left + width]

# %% mutant: old pixels left behind
# killed by test_what_comes_into_view_is_zero
# L'image décalée est posée sur l'ancienne : la place laissée garde les anciens pixels.
class RandomShift(RandomShift):
    def __call__(self, image):
        moved = super().__call__(image)
        return torch.where(moved == 0, image, moved)

# %% mutant: rows wrap, columns do not
# killed by test_what_comes_into_view_is_zero
# Après torch.roll, seules les colonnes rentrées par l'autre bord sont effacées.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        rows, columns = torch.randint(-m, m + 1, (2,)).tolist()
        moved = torch.roll(image, (rows, columns), dims=(1, 2))
        if columns > 0:
            moved[:, :, :columns] = 0
        elif columns < 0:
            moved[:, :, columns:] = 0
        return moved

# %% mutant: p ignored
# killed by test_an_image_is_shifted_with_probability_p
# p est gardé mais ne sert pas : toutes les images sont décalées.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(max_shift, float(p > 0))

# %% mutant: one minus p
# killed by test_an_image_is_shifted_with_probability_p
# La comparaison est à l'envers : l'image est décalée avec la probabilité 1 - p.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(max_shift, p if p in (0, 1) else 1 - p)

# %% mutant: p for each axis
# killed by test_an_image_is_shifted_with_probability_p
# Lignes et colonnes décident chacune pour soi : l'image bouge plus souvent que p.
class RandomShift(RandomShift):
    def __call__(self, image):
        m = self.max_shift
        top, left = (int(torch.randint(0, 2 * m + 1, ())) if torch.rand(()) < self.p else m for _ in range(2))
        height, width = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: always one half
# killed by test_an_image_is_shifted_with_probability_p
# La probabilité 0,5 est écrite en dur dès que p n'est ni 0 ni 1.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(max_shift, p if p in (0, 1) else 0.5)

# %% mutant: p squared
# killed by test_an_image_is_shifted_with_probability_p
# Deux tirages doivent réussir pour que l'image bouge : c'est la probabilité p au carré.
class RandomShift(RandomShift):
    def __call__(self, image):
        return super().__call__(image) if torch.rand(()) < self.p else image

# %% mutant: decided once
# killed by test_an_image_is_shifted_with_probability_p
# Décaler ou non est décidé une fois pour toutes dans __init__.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(max_shift, float(torch.rand(()) < p))

# %% mutant: a probability of zero taken for none
# killed by test_with_probability_zero_nothing_is_shifted
# `p or 1.0` prend p = 0 pour une absence de valeur : l'image est toujours décalée.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(max_shift, p or 1.0)

# %% mutant: probability never zero
# killed by test_with_probability_zero_nothing_is_shifted
# p = 0 est remplacé par 0,5 : l'image est décalée une fois sur deux.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(max_shift, p if p > 0 else 0.5)

# %% mutant: crop of nothing
# killed by test_a_largest_shift_of_zero_leaves_the_image_whole
# L'image bordée est rognée par [m:-m], qui ne laisse rien pour m = 0.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        rows, columns = torch.randint(-m, m + 1, (2,)).tolist()
        padded = torch.roll(F.pad(image, (m, m, m, m)), (rows, columns), dims=(1, 2))
        return padded[:, m:-m, m:-m]

# %% mutant: no shift taken for the default
# killed by test_a_largest_shift_of_zero_leaves_the_image_whole
# `max_shift or 1` prend 0 pour une absence de valeur : l'image est décalée d'un pixel.
class RandomShift(RandomShift):
    def __init__(self, max_shift, p=1.0):
        super().__init__(max_shift or 1, p)

# %% mutant: each channel on its own
# killed by test_all_channels_shift_together
# Chaque canal a son propre décalage : les couleurs ne sont plus alignées.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        height, width = image.shape[1:]
        corners = torch.randint(0, 2 * m + 1, (len(image), 2)).tolist()
        padded = F.pad(image, (m, m, m, m))
        return torch.stack([c[i : i + height, j : j + width] for c, (i, j) in zip(padded, corners)])

# %% mutant: first channel only
# killed by test_all_channels_shift_together
# Seul le premier canal est décalé.
class RandomShift(RandomShift):
    def __call__(self, image):
        moved = super().__call__(image[:1])
        return torch.cat([moved, image[1:]])

# %% mutant: channels mixed up
# killed by test_all_channels_shift_together
# Le premier canal est recopié sur tous les autres.
class RandomShift(RandomShift):
    def __call__(self, image):
        return super().__call__(image)[:1].repeat(len(image), 1, 1)

# %% mutant: square images only
# killed by test_images_may_be_rectangular
# La hauteur sert aussi de largeur : une image rectangulaire est coupée.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m, size = self.max_shift, image.shape[1]
        top, left = torch.randint(0, 2 * m + 1, (2,)).tolist()
        return F.pad(image, (m, m, m, m))[:, top : top + size, left : left + size]

# %% mutant: height and width exchanged
# killed by test_images_may_be_rectangular
# Hauteur et largeur sont échangées dans la forme du résultat.
class RandomShift(RandomShift):
    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        m = self.max_shift
        top, left = torch.randint(0, 2 * m + 1, (2,)).tolist()
        width, height = image.shape[1:]
        return F.pad(image, (m, m, m, m))[:, top : top + height, left : left + width]

# %% mutant: shift moved in place
# killed by test_a_shift_leaves_its_input_alone
# L'image décalée est recopiée dans l'image reçue, qui est perdue.
class RandomShift(RandomShift):
    def __call__(self, image):
        return image.copy_(super().__call__(image).clone())

# %% mutant: input wiped after use
# killed by test_a_shift_leaves_its_input_alone
# L'image reçue est remise à zéro une fois décalée.
class RandomShift(RandomShift):
    def __call__(self, image):
        moved = super().__call__(image).clone()
        image.zero_()
        return moved

# %% mutant: always single precision
# killed by test_a_shift_keeps_the_dtype
# Le résultat est rempli dans un torch.zeros, en float32 quelle que soit l'image.
class RandomShift(RandomShift):
    def __call__(self, image):
        moved = torch.zeros(image.shape)
        moved[:] = super().__call__(image)
        return moved

# %% mutant: double precision through NumPy
# killed by test_a_shift_keeps_the_dtype
# np.zeros donne du float64 : l'image float32 change de type.
class RandomShift(RandomShift):
    def __call__(self, image):
        moved = np.zeros(tuple(image.shape))
        moved[:] = super().__call__(image).numpy()
        return torch.from_numpy(moved)

# %% mutant: both classes do nothing
# killed by test_every_pair_of_shifts_is_equally_likely
# Les deux transformations rendent l'image reçue.
class RandomShift(RandomShift):
    def __call__(self, image):
        return image

class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image

# %% mutant: variance for deviation
# killed by test_the_noise_is_normal_with_the_given_deviation
# std est pris pour la variance : le bruit est multiplié par sa racine.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std**0.5 * torch.randn_like(image)

# %% mutant: deviation squared
# killed by test_the_noise_is_normal_with_the_given_deviation
# L'écart type est mis au carré.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std**2 * torch.randn_like(image)

# %% mutant: deviation ignored
# killed by test_the_noise_is_normal_with_the_given_deviation
# std est ignoré : le bruit est d'écart type 1.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + torch.randn_like(image)

# %% mutant: half the deviation
# killed by test_the_noise_is_normal_with_the_given_deviation
# L'écart type du bruit n'est que de la moitié de std.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std / 2 * torch.randn_like(image)

# %% mutant: five percent too much
# killed by test_the_noise_is_normal_with_the_given_deviation
# L'écart type du bruit est de 5 % trop grand.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + 1.05 * self.std * torch.randn_like(image)

# %% mutant: uniform noise
# killed by test_the_noise_is_normal_with_the_given_deviation
# Le bruit est uniforme, du bon écart type mais pas de la bonne loi.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * math.sqrt(12) * (torch.rand_like(image) - 0.5)

# %% mutant: never negative noise
# killed by test_the_noise_is_normal_with_the_given_deviation
# torch.rand au lieu de torch.randn : le bruit est uniforme et positif, l'image s'éclaircit.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * torch.rand_like(image)

# %% mutant: centred on the deviation
# killed by test_the_noise_is_normal_with_the_given_deviation
# Le bruit est centré sur std au lieu de 0.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return torch.normal(image + self.std, self.std)

# %% mutant: a small offset
# killed by test_the_noise_is_normal_with_the_given_deviation
# Le bruit est décalé d'un dixième d'écart type.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * (0.1 + torch.randn_like(image))

# %% mutant: random signs
# killed by test_the_noise_is_normal_with_the_given_deviation
# Le bruit vaut plus ou moins std au hasard : ce n'est pas une loi normale.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * torch.randn_like(image).sign()

# %% mutant: multiplied
# killed by test_the_noise_is_normal_with_the_given_deviation
# Le bruit multiplie l'image au lieu de s'y ajouter : un pixel noir n'est jamais bruité.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image * (1 + self.std * torch.randn_like(image))

# %% mutant: truncated at two deviations
# killed by test_the_noise_is_normal_with_the_given_deviation
# Le bruit est borné à deux écarts types.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * torch.randn_like(image).clamp(-2, 2)

# %% mutant: the same for all channels
# killed by test_the_noise_is_independent_on_every_element
# Le même bruit est ajouté à tous les canaux.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * torch.randn_like(image[:1])

# %% mutant: one number for the image
# killed by test_the_noise_is_independent_on_every_element
# Un seul nombre est tiré pour toute l'image, qui s'éclaircit ou s'assombrit d'un bloc.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * torch.randn(())

# %% mutant: one number a channel
# killed by test_the_noise_is_independent_on_every_element
# Un seul nombre est tiré par canal.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * torch.randn(len(image), 1, 1, dtype=image.dtype)

# %% mutant: one row for all
# killed by test_the_noise_is_independent_on_every_element
# Une seule ligne de bruit sert à toutes les lignes.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * torch.randn_like(image[:, :1])

# %% mutant: one column for all
# killed by test_the_noise_is_independent_on_every_element
# Une seule colonne de bruit sert à toutes les colonnes.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * torch.randn_like(image[:, :, :1])

# %% mutant: same noise for pairs of channels
# killed by test_the_noise_is_independent_on_every_element
# Un même bruit sert pour deux canaux voisins.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + self.std * torch.randn_like(image)[torch.arange(len(image)) // 2]

# %% mutant: noise kept from the first call
# killed by test_each_call_draws_new_noise
# Le bruit du premier appel est gardé pour les images de même forme.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        if getattr(self, "noise", torch.empty(0)).shape != image.shape:
            self.noise = self.std * torch.randn_like(image)
        return image + self.noise

# %% mutant: noise seeded at each call
# killed by test_each_call_draws_new_noise
# La graine est fixée à chaque appel : toutes les images ont le même bruit.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        generator = torch.Generator().manual_seed(0)
        return image + self.std * torch.randn(image.shape, generator=generator, dtype=image.dtype)

# %% mutant: new noise every second call
# killed by test_each_call_draws_new_noise
# Un tirage sert deux fois : les images vont par paires de même bruit.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        kept = getattr(self, "kept", None)
        if kept is not None and kept.shape == image.shape:
            self.kept = None
            return image + kept
        self.kept = self.std * torch.randn_like(image)
        return image + self.kept

# %% mutant: clamped to the unit interval
# killed by test_the_noisy_image_is_not_clamped
# Le résultat est borné à [0, 1] : le bruit d'un pixel noir ou blanc n'est plus centré.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return super().__call__(image).clamp(0, 1)

# %% mutant: never below zero
# killed by test_the_noisy_image_is_not_clamped
# Les valeurs négatives sont coupées : un pixel noir ne peut que s'éclaircir.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return torch.clamp(super().__call__(image), min=0)

# %% mutant: absolute value
# killed by test_the_noisy_image_is_not_clamped
# La valeur absolue du résultat cache les valeurs négatives.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return super().__call__(image).abs()

# %% mutant: no noise on empty pixels
# killed by test_the_noisy_image_is_not_clamped
# Les pixels nuls, pris pour du fond, ne sont pas bruités.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return torch.where(image == 0, image, super().__call__(image))

# %% mutant: stretched back to the unit interval
# killed by test_the_noise_is_normal_with_the_given_deviation
# L'image bruitée est étirée pour tenir dans [0, 1] : ni l'image ni le bruit ne gardent leur échelle.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        noisy = super().__call__(image)
        return (noisy - noisy.min()) / (noisy.max() - noisy.min())

# %% mutant: noise added in place
# killed by test_noise_leaves_its_input_alone
# `image += bruit` modifie l'image de l'appelant.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        image += self.std * torch.randn_like(image)
        return image

# %% mutant: noise added through data
# killed by test_noise_leaves_its_input_alone
# Le bruit est ajouté à image.data, qui est l'image de l'appelant.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        image.data.add_(self.std * torch.randn_like(image))
        return image.clone()

# %% mutant: double precision noise
# killed by test_noise_keeps_the_dtype
# Le bruit de NumPy est en float64 et emporte l'image avec lui.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return image + torch.from_numpy(np.random.normal(0, self.std, tuple(image.shape)))

# %% mutant: single precision forced
# killed by test_noise_keeps_the_dtype
# Le résultat est converti en float32, quel que soit le type de l'image.
class GaussianNoise(GaussianNoise):
    def __call__(self, image):
        return super().__call__(image).float()

# %% accepted: NumPy's generator, roll and erase
class RandomShift:
    def __init__(self, max_shift, p=1.0):
        self.m, self.p, self.rng = max_shift, p, np.random.default_rng(5)

    def __call__(self, image):
        x = image.numpy().copy()
        if self.rng.random() < self.p:
            dy, dx = self.rng.integers(-self.m, self.m, size=2, endpoint=True)
            x = np.roll(x, (dy, dx), axis=(-2, -1))
            if dy > 0:
                x[:, :dy] = 0
            if dy < 0:
                x[:, dy:] = 0
            if dx > 0:
                x[:, :, :dx] = 0
            if dx < 0:
                x[:, :, dx:] = 0
        return torch.from_numpy(x)

class GaussianNoise:
    def __init__(self, std):
        self.std, self.rng = std, np.random.default_rng(5)

    def __call__(self, image):
        noise = self.rng.normal(scale=self.std, size=image.shape)
        return image + torch.as_tensor(noise, dtype=image.dtype)

# %% accepted: Python's random, one pixel at a time
import random as _random

class RandomShift:
    def __init__(self, max_shift, p=1.0):
        self.max_shift, self.p = max_shift, p

    def __call__(self, image):
        if _random.random() >= self.p:
            return image.clone()
        dy = _random.randint(-self.max_shift, self.max_shift)
        dx = _random.randint(-self.max_shift, self.max_shift)
        _, height, width = image.shape
        out = torch.zeros_like(image)
        for i in range(height):
            for j in range(width):
                if 0 <= i - dy < height and 0 <= j - dx < width:
                    out[:, i, j] = image[:, i - dy, j - dx]
        return out

class GaussianNoise:
    def __init__(self, std):
        self.std = std

    def __call__(self, image):
        noise = [_random.gauss(0, self.std) for _ in range(image.numel())]
        return image + torch.tensor(noise, dtype=image.dtype).view_as(image)

# %% accepted: torchvision's affine map
class RandomShift(nn.Module):
    def __init__(self, max_shift, p=1.0):
        super().__init__()
        self.max_shift, self.p = max_shift, p

    def forward(self, image):
        from torchvision.transforms.functional import affine

        if not torch.bernoulli(torch.tensor(float(self.p))):
            return image
        m = self.max_shift
        dx, dy = (int(torch.randint(2 * m + 1, (1,))) - m for _ in range(2))
        return affine(image, angle=0.0, translate=[dx, dy], scale=1.0, shear=[0.0])

class GaussianNoise(nn.Module):
    def __init__(self, std):
        super().__init__()
        self.std = std

    def forward(self, image):
        return torch.normal(image, self.std)

# %% accepted: torchvision's random crop
class RandomShift:
    def __init__(self, max_shift, p=1.0):
        self.max_shift, self.p = max_shift, p

    def __call__(self, image):
        from torchvision.transforms import RandomCrop

        if torch.rand(1).item() > self.p or self.p == 0:
            return image
        return RandomCrop(tuple(image.shape[-2:]), padding=self.max_shift)(image)

# %% accepted: torchvision's random apply
class RandomShift:
    def __init__(self, max_shift, p=1.0):
        from torchvision.transforms import v2

        self.crop, self.apply, self.m, self.p = v2.RandomCrop, v2.RandomApply, max_shift, p

    def __call__(self, image):
        crop = self.crop(tuple(image.shape[1:]), padding=self.m) if self.m else nn.Identity()
        return self.apply([crop], p=self.p)(image)

class GaussianNoise:
    def __init__(self, std):
        from torchvision.transforms import v2

        self.noise = v2.GaussianNoise(mean=0.0, sigma=std, clip=False)

    def __call__(self, image):
        return self.noise(image)

# %% accepted: shifting matrices
class RandomShift:
    def __init__(self, max_shift, p=1.0):
        self.steps, self.p = torch.arange(-max_shift, max_shift + 1), p

    def __call__(self, image):
        if torch.rand(()) >= self.p:
            return image
        rows, columns = (int(self.steps[torch.randint(len(self.steps), ())]) for _ in range(2))
        left = torch.diag(torch.ones(image.shape[1] - abs(rows), dtype=image.dtype), -rows)
        right = torch.diag(torch.ones(image.shape[2] - abs(columns), dtype=image.dtype), columns)
        return left @ image @ right

class GaussianNoise:
    def __init__(self, std):
        self.law = torch.distributions.Normal(0.0, std)

    def __call__(self, image):
        return image.add(self.law.sample(image.shape).to(image))

# %% accepted: resampling on a grid
class RandomShift:
    def __init__(self, max_shift, p=1.0):
        self.m, self.p = max_shift, p

    def __call__(self, image):
        rows, columns = torch.randint(-self.m, self.m + 1, (2,)) * (torch.rand(()) < self.p)
        _, height, width = image.shape
        y = (torch.arange(height) - rows + 0.5) * 2 / height - 1
        x = (torch.arange(width) - columns + 0.5) * 2 / width - 1
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)[None].to(image.dtype)
        return F.grid_sample(image[None], grid, align_corners=False, padding_mode="zeros")[0]

class GaussianNoise:
    def __init__(self, std):
        self.std = std

    def __call__(self, image):
        u, v = torch.rand(2, *image.shape, dtype=torch.float64).clamp_min(1e-300)
        box_muller = torch.sqrt(-2 * torch.log(u)) * torch.cos(2 * math.pi * v)
        return image + (self.std * box_muller).to(image.dtype)

# %% accepted: crop and pad again
class RandomShift:
    def __init__(self, max_shift, p=1.0):
        self.max_shift, self.p = max_shift, p

    def __call__(self, image):
        d = [0, 0]
        if np.random.rand() < self.p:
            d = np.random.randint(-self.max_shift, self.max_shift + 1, 2).tolist()
        dy, dx = d
        # F.pad with a negative width cuts
        return F.pad(image, (dx, -dx, dy, -dy))

class GaussianNoise:
    def __init__(self, std):
        self.std = std

    def __call__(self, image):
        noise = torch.empty_like(image).normal_(0, self.std)
        return noise + image

# %% accepted: a choice among all pairs
class RandomShift:
    def __init__(self, max_shift, p=1.0):
        reach = range(-max_shift, max_shift + 1)
        self.pairs = [(dy, dx) for dy in reach for dx in reach]
        self.p = p

    def __call__(self, image):
        if torch.rand(1) < 1 - self.p:
            return image
        dy, dx = self.pairs[np.random.choice(len(self.pairs))]
        height, width = image.shape[-2:]
        out = image.new_zeros(image.shape)
        out[:, max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)] = image[
            :, max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)
        ]
        return out

class GaussianNoise:
    def __init__(self, std):
        self.generator, self.std = torch.Generator().manual_seed(1), std

    def __call__(self, image):
        rows = [torch.randn(row.shape, generator=self.generator) for row in image.flatten(0, 1)]
        return image + self.std * torch.stack(rows).view(image.shape).to(image.dtype)
