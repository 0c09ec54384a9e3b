# %% mutant: length of an image
# killed by test_the_length_is_the_number_of_images
# len(dataset) est le nombre de pixels d'une image au lieu du nombre d'images.
class DigitsDataset(DigitsDataset):
    def __len__(self):
        return self.images[0].size

# %% mutant: height instead of number
# killed by test_the_length_is_the_number_of_images
# len(dataset) lit le mauvais axe : la hauteur au lieu du nombre d'images.
class DigitsDataset(DigitsDataset):
    def __len__(self):
        return self.images.shape[1]

# %% mutant: number of classes
# killed by test_the_length_is_the_number_of_images
# len(dataset) compte les classes au lieu des items.
class DigitsDataset(DigitsDataset):
    def __len__(self):
        return len(np.unique(self.labels))

# %% mutant: one item missing
# killed by test_the_length_is_the_number_of_images
# len(dataset) est l'indice du dernier item au lieu du nombre d'items.
class DigitsDataset(DigitsDataset):
    def __len__(self):
        return len(self.images) - 1

# %% mutant: index ignored
# killed by test_an_item_is_the_scaled_image_of_that_index
# L'indice est ignoré : c'est toujours le premier item.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError(index)
        return super().__getitem__(0)

# %% mutant: items in the order of reading
# killed by test_an_item_is_the_scaled_image_of_that_index
# Un compteur remplace l'indice demandé : l'item rendu est le suivant de la dernière lecture.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        self.next = getattr(self, "next", -1) + 1
        return super().__getitem__(self.next)

# %% mutant: not scaled
# killed by test_an_item_is_the_scaled_image_of_that_index
# Les pixels ne sont pas mis à l'échelle : ils vont de 0 à 16 ou 255.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels, transform)
        self.white = 1.0

# %% mutant: scaled twice
# killed by test_an_item_is_the_scaled_image_of_that_index
# Les pixels sont divisés deux fois par la plus grande valeur.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels, transform)
        self.white = self.white**2

# %% mutant: between minus one and one
# killed by test_an_item_is_the_scaled_image_of_that_index
# Les pixels sont ramenés à [-1, 1] au lieu de [0, 1].
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return 2 * image - 1, label

# %% mutant: standardised
# killed by test_an_item_is_the_scaled_image_of_that_index
# Les pixels sont centrés et réduits au lieu d'être divisés par la plus grande valeur.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image - image.mean()) / image.std(), label

# %% mutant: integer division
# killed by test_an_item_is_the_scaled_image_of_that_index
# La division entière ne laisse que des 0 et des 1.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index] // np.uint8(self.white)).float()[None]
        return (self.transform(image) if self.transform else image), self.labels[index]

# %% mutant: divided by the number of levels
# killed by test_an_item_is_the_scaled_image_of_that_index
# Division par 256 ou 17 niveaux au lieu de la plus grande valeur.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels, transform)
        self.white = self.white + 1

# %% mutant: negative of the image
# killed by test_an_item_is_the_scaled_image_of_that_index
# Noir et blanc sont échangés.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return 1 - image, label

# %% mutant: transposed
# killed by test_an_item_is_the_scaled_image_of_that_index
# Lignes et colonnes sont échangées : l'image a la forme (1, W, H).
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image = torch.tensor(self.images[index].T, dtype=torch.float32)[None] / self.white
        return (self.transform(image) if self.transform else image), self.labels[index]

# %% mutant: rows and columns mixed by a reshape
# killed by test_an_item_is_the_scaled_image_of_that_index
# Un reshape ne transpose pas : les pixels sont relus dans le mauvais ordre.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        if self.transform:
            return image, label
        _, height, width = image.shape
        return image.mT.reshape(1, height, width), label

# %% mutant: upside down
# killed by test_an_item_is_the_scaled_image_of_that_index
# Les lignes de l'image sont rendues de bas en haut.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image if self.transform else image.flip(1)), label

# %% mutant: images shuffled apart from labels
# killed by test_an_item_is_the_scaled_image_of_that_index
# Les images sont mélangées à la construction, pas les labels : chacune reçoit la classe d'une autre.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images[np.random.permutation(len(images))], labels, transform)

# %% mutant: both shuffled together
# killed by test_an_item_is_the_scaled_image_of_that_index
# Le jeu de données est mélangé à la construction : l'item i n'est plus l'image i.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        order = np.random.permutation(len(images))
        super().__init__(images[order], labels[order], transform)

# %% mutant: label of the next image
# killed by test_the_label_is_the_class_of_that_image
# Le label est celui de l'image suivante.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, _ = super().__getitem__(index)
        return image, self.labels[(index + 1) % len(self.labels)]

# %% mutant: label as a float
# killed by test_the_label_is_the_class_of_that_image
# Le label est un nombre à virgule : cross_entropy le refusera.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image, float(label)

# %% mutant: label as a float tensor
# killed by test_the_label_is_the_class_of_that_image
# torch.Tensor(labels) convertit les classes en nombres à virgule.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image, torch.Tensor([int(label)])[0]

# %% mutant: label with an axis
# killed by test_the_label_is_the_class_of_that_image
# Le label a un axe de trop : les lots de labels auront la forme (B, 1).
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image, torch.tensor([int(label)])

# %% mutant: one-hot label
# killed by test_the_label_is_the_class_of_that_image
# Le label est un vecteur one-hot au lieu d'un entier.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image, F.one_hot(torch.tensor(int(label)), 10)

# %% mutant: classes from one on
# killed by test_the_label_is_the_class_of_that_image
# Les classes sont comptées à partir de 1.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image, int(label) + 1

# %% mutant: index for label
# killed by test_the_label_is_the_class_of_that_image
# L'item rend son indice au lieu de sa classe.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, _ = super().__getitem__(index)
        return image, index

# %% mutant: no channel axis
# killed by test_an_image_is_a_float32_tensor_with_a_channel_axis
# L'axe des canaux manque : l'image a la forme (H, W).
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image if self.transform else image[0]), label

# %% mutant: channel last
# killed by test_an_image_is_a_float32_tensor_with_a_channel_axis
# Le canal est le dernier axe, (H, W, 1), comme dans d'autres bibliothèques.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image if self.transform else image.movedim(0, -1)), label

# %% mutant: a batch axis too many
# killed by test_an_image_is_a_float32_tensor_with_a_channel_axis
# L'image a un axe de lot : c'est au DataLoader de l'ajouter.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image if self.transform else image[None]), label

# %% mutant: three channels
# killed by test_an_image_is_a_float32_tensor_with_a_channel_axis
# L'image en niveaux de gris est recopiée sur trois canaux.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image if self.transform else image.repeat(3, 1, 1)), label

# %% mutant: double precision
# killed by test_an_image_is_a_float32_tensor_with_a_channel_axis
# L'image est en float64 : les couches, en float32, la refuseront.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image if self.transform else image.double()), label

# %% mutant: NumPy array
# killed by test_an_image_is_a_float32_tensor_with_a_channel_axis
# L'image est un tableau NumPy au lieu d'un tenseur.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image if self.transform else image.numpy()), label

# %% mutant: scale of each image
# killed by test_the_whole_array_decides_on_the_scale
# Chaque image est divisée par son propre maximum : une image sombre devient claire.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image = torch.tensor(self.images[index], dtype=torch.float32)[None]
        image = image / image.max()
        return (self.transform(image) if self.transform else image), self.labels[index]

# %% mutant: sixteen or 255 image by image
# killed by test_the_whole_array_decides_on_the_scale
# Le choix entre 16 et 255 se fait sur chaque image : une image sombre est prise pour une image de 16 niveaux.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        white = 16 if self.images[index].max() <= 16 else 255
        image = torch.tensor(self.images[index], dtype=torch.float32)[None] / white
        return (self.transform(image) if self.transform else image), self.labels[index]

# %% mutant: scale of the first image
# killed by test_the_whole_array_decides_on_the_scale
# L'échelle est celle de la première image, qui peut être sombre.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels, transform)
        self.white = float(images[0].max())

# %% mutant: scale of a sample of images
# killed by test_the_whole_array_decides_on_the_scale
# Le maximum ne porte que sur les dix premières images.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels, transform)
        self.white = float(images[:10].max())

# %% mutant: range of each image
# killed by test_the_whole_array_decides_on_the_scale
# Normalisation min-max de chaque image : son contraste est changé.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        if self.transform:
            return image, label
        image = image - image.min()
        return image / image.max(), label

# %% mutant: always sixteen
# killed by test_the_whole_array_decides_on_the_scale
# La division par 16 est écrite en dur : les images de 255 niveaux dépassent 1.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels, transform)
        self.white = 16.0

# %% mutant: always 255
# killed by test_an_item_is_the_scaled_image_of_that_index
# La division par 255 est écrite en dur : les images de 16 niveaux sont presque noires.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels, transform)
        self.white = 255.0

# %% mutant: torchvision's ToTensor
# killed by test_an_item_is_the_scaled_image_of_that_index
# ToTensor divise par 255 tout tableau uint8, même de 16 niveaux.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        from torchvision.transforms.functional import to_tensor

        image = to_tensor(self.images[index])
        return (self.transform(image) if self.transform else image), self.labels[index]

# %% mutant: transform before scaling
# killed by test_the_transform_gets_the_scaled_float32_image
# transform reçoit les niveaux de gris bruts : la mise à l'échelle vient après lui.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image = torch.tensor(self.images[index], dtype=torch.float32)[None]
        image = image if self.transform is None else self.transform(image)
        return image / self.white, self.labels[index]

# %% mutant: transform on the NumPy image
# killed by test_the_transform_gets_the_scaled_float32_image
# transform reçoit le tableau NumPy au lieu du tenseur.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image = self.images[index].astype(np.float32)[None] / self.white
        image = image if self.transform is None else self.transform(image)
        return torch.as_tensor(image), self.labels[index]

# %% mutant: transform on an image without channel
# killed by test_the_transform_gets_the_scaled_float32_image
# transform reçoit une image (H, W), avant l'ajout de l'axe des canaux.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        if self.transform is None:
            return super().__getitem__(index)
        image = torch.tensor(self.images[index], dtype=torch.float32) / self.white
        return self.transform(image), self.labels[index]

# %% mutant: transform on double precision
# killed by test_the_transform_gets_the_scaled_float32_image
# transform reçoit un tenseur float64 : la conversion vient trop tard.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index] / self.white)[None]
        image = image if self.transform is None else self.transform(image)
        return image.float(), self.labels[index]

# %% mutant: unscaled for the transform
# killed by test_the_transform_gets_the_scaled_float32_image
# Avec transform, la mise à l'échelle est oubliée : les deux branches ne font pas la même chose.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        raw = torch.tensor(self.images[index], dtype=torch.float32)[None]
        if self.transform:
            return self.transform(raw), self.labels[index]
        return raw / self.white, self.labels[index]

# %% mutant: transform on image and label
# killed by test_the_transform_gets_the_scaled_float32_image
# transform est appelé sur l'image et le label à la fois.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image = torch.tensor(self.images[index], dtype=torch.float32)[None] / self.white
        item = image, self.labels[index]
        return item if self.transform is None else self.transform(*item)

# %% mutant: transform ignored
# killed by test_an_item_is_what_the_transform_returns
# transform est gardé mais n'est jamais appelé.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels)

# %% mutant: result of the transform dropped
# killed by test_an_item_is_what_the_transform_returns
# transform est appelé mais son résultat est jeté : il ne modifie pas l'image sur place.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image = torch.tensor(self.images[index], dtype=torch.float32)[None] / self.white
        if self.transform is not None:
            self.transform(image)
        return image, self.labels[index]

# %% mutant: clamped from below
# killed by test_an_item_is_what_the_transform_returns
# Les valeurs négatives qu'une transformation peut donner sont coupées à zéro.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image.relu() if image.min() < 0 < image.max() else image), label

# %% mutant: scaled again after the transform
# killed by test_an_item_is_what_the_transform_returns
# L'image transformée est remise à l'échelle par son maximum.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return (image / image.max() if self.transform and image.max() > 1 else image), label

# %% mutant: original shape forced on the result
# killed by test_an_item_is_what_the_transform_returns
# Le résultat de transform est ramené de force à la forme (1, H, W).
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        height, width = self.images.shape[1:]
        return image.reshape(-1)[: height * width].reshape(1, height, width), label

# %% mutant: transformed once for all
# killed by test_the_transform_is_called_once_at_each_read
# Les images sont transformées une fois pour toutes à la construction : l'augmentation ne change plus.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels, transform)
        self.items = [DigitsDataset.read(self, i) for i in range(len(images))]

    read = DigitsDataset.__getitem__

    def __getitem__(self, index):
        return self.items[index]

# %% mutant: items kept after the first read
# killed by test_the_transform_is_called_once_at_each_read
# Un cache garde l'item transformé : les lectures suivantes ne tirent plus rien au hasard.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        self.cache = getattr(self, "cache", {})
        if self.transform is None or bool((self.images[index] == 0).all()):
            return super().__getitem__(index)
        if index not in self.cache:
            self.cache[index] = super().__getitem__(index)
        image, label = self.cache[index]
        return image, label

# %% mutant: transformed twice
# killed by test_the_transform_is_called_once_at_each_read
# transform est appelé deux fois par lecture : une fois pour voir, une fois pour de bon.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        if self.transform is not None:
            super().__getitem__(index)
        return super().__getitem__(index)

# %% mutant: a transform one time in two
# killed by test_the_transform_is_called_once_at_each_read
# transform n'est appliqué qu'une lecture sur deux, au hasard : c'est à lui d'en décider.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        transform, self.reads = self.transform, getattr(self, "reads", {})
        self.reads[index] = self.reads.get(index, 0) + 1
        if transform is not None and self.reads[index] % 2 == 0:
            self.transform = None
        item = super().__getitem__(index)
        self.transform = transform
        return item

# %% mutant: wraps around past the end
# killed by test_reading_past_the_end_raises_an_index_error
# Un modulo ramène l'indice dans les bornes : une boucle for ne s'arrête jamais.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        return super().__getitem__(index % len(self))

# %% mutant: last item again past the end
# killed by test_reading_past_the_end_raises_an_index_error
# L'indice est borné au dernier item : une boucle for ne s'arrête jamais.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        return super().__getitem__(min(index, len(self) - 1))

# %% mutant: None past the end
# killed by test_reading_past_the_end_raises_an_index_error
# Au-delà du dernier item, None est renvoyé au lieu de lever IndexError.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        return super().__getitem__(index) if index < len(self) else None

# %% mutant: StopIteration past the end
# killed by test_reading_past_the_end_raises_an_index_error
# StopIteration n'est pas l'erreur qui termine la lecture par indices.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        if index >= len(self):
            raise StopIteration
        return super().__getitem__(index)

# %% mutant: KeyError past the end
# killed by test_reading_past_the_end_raises_an_index_error
# Un dictionnaire lève KeyError, et non IndexError, au-delà du dernier item.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        if index not in range(len(self)):
            raise KeyError(index)
        return super().__getitem__(index)

# %% mutant: the last item out of reach
# killed by test_an_item_is_the_scaled_image_of_that_index
# IndexError dès le dernier item : la comparaison devrait être stricte.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        if index >= len(self) - 1:
            raise IndexError(index)
        return super().__getitem__(index)

# %% mutant: given images emptied
# killed by test_the_arrays_are_never_changed
# Le tableau reçu est vidé après copie, « pour libérer la mémoire ».
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images.copy(), labels, transform)
        images.fill(0)

# %% mutant: given labels shuffled
# killed by test_the_arrays_are_never_changed
# Les labels du tableau reçu sont triés sur place pour compter les classes.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels.copy(), transform)
        labels.sort()
        self.classes = int(labels[-1]) + 1

# %% mutant: transformed image written back
# killed by test_the_arrays_are_never_changed
# L'image transformée est réécrite dans le tableau de l'appelant.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        if self.transform is not None and not image.any():
            self.images[index] = 0
        return image, label

# %% mutant: prepared images not copied
# killed by test_a_transform_that_works_in_place_spoils_nothing
# L'image donnée à transform est une vue des images préparées : la modifier sur place les abîme.
class DigitsDataset(torch.utils.data.Dataset):
    def __init__(self, images, labels, transform=None):
        self.x = torch.from_numpy(images).float()[:, None] / int(images.max())
        self.y, self.transform = torch.from_numpy(labels), transform

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        image = self.x[index]
        return (self.transform(image) if self.transform else image), self.y[index]

# %% mutant: last image kept
# killed by test_a_transform_that_works_in_place_spoils_nothing
# Le tenseur de la dernière image lue est gardé et redonné à transform, qui l'a peut-être modifié.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        if getattr(self, "last", None) != index:
            self.last, self.tensor = index, torch.tensor(self.images[index]).float()[None] / self.white
        return (self.tensor if self.transform is None else self.transform(self.tensor)), self.labels[index]

# %% mutant: transform kept in the class
# killed by test_two_datasets_share_nothing
# transform est un attribut de la classe : tous les jeux de données l'ont, celui de test aussi.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels)
        del self.transform
        DigitsDataset.transform = staticmethod(transform) if transform else None

# %% mutant: images in a global variable
# killed by test_two_datasets_share_nothing
# Les images sont dans une variable globale : le dernier jeu construit remplace tous les autres.
class DigitsDataset(DigitsDataset):
    def __init__(self, images, labels, transform=None):
        super().__init__(images, labels, transform)
        del self.images, self.white
        DigitsDataset.images, DigitsDataset.white = images, float(images.max())

# %% mutant: item as a dictionary
# killed by test_an_item_is_the_scaled_image_of_that_index
# L'item est un dictionnaire au lieu d'un couple (image, label).
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return {"image": image, "label": label}

# %% mutant: label first
# killed by test_an_item_is_the_scaled_image_of_that_index
# L'item est le couple (label, image), à l'envers.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        return super().__getitem__(index)[::-1]

# %% mutant: image alone
# killed by test_an_item_is_the_scaled_image_of_that_index
# L'item ne contient que l'image.
class DigitsDataset(DigitsDataset):
    def __getitem__(self, index):
        return super().__getitem__(index)[0]

# %% accepted: prepared once, cloned at each read
class DigitsDataset(torch.utils.data.Dataset):
    def __init__(self, images, labels, transform=None):
        white = 16 if images.max() <= 16 else 255
        self.images = torch.from_numpy(images).unsqueeze(1).to(torch.float32).div(white)
        self.labels = torch.from_numpy(labels).long()
        self.transform = transform

    def __len__(self):
        return self.images.size(0)

    def __getitem__(self, index):
        image = self.images[index].clone()
        if self.transform:
            image = self.transform(image)
        return image, self.labels[index]

# %% accepted: NumPy to the end, labels as Python ints
class DigitsDataset(torch.utils.data.Dataset):
    def __init__(self, images, labels, transform=None):
        self.pixels = images / images.max()
        self.labels = labels.tolist()
        self.transform = transform if transform is not None else (lambda x: x)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = np.expand_dims(self.pixels[index], 0).astype("float32")
        return self.transform(torch.from_numpy(image)), self.labels[index]

# %% accepted: no base class, a named pair
from collections import namedtuple as _namedtuple

_Item = _namedtuple("_Item", "image label")

class DigitsDataset:
    def __init__(self, images, labels, transform=None):
        self.pairs = list(zip(torch.as_tensor(images), labels))
        self.scale = 1 / float(np.amax(images))
        self.transform = transform or nn.Identity()

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        image, label = self.pairs[index]
        return _Item(self.transform(image.float().mul(self.scale)[None]), label)

# %% accepted: a table of grey levels
class DigitsDataset(torch.utils.data.Dataset):
    def __init__(self, images, labels, transform=None):
        self.table = torch.linspace(0, 1, int(images.max()) + 1)
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return self.labels.shape[0]

    def __getitem__(self, index):
        if index < 0 or index >= len(self):
            raise IndexError(f"item {index} of {len(self)}")
        image = self.table[torch.from_numpy(self.images[index]).long()].unsqueeze(0)
        if self.transform is not None:
            image = self.transform(image)
        return [image, torch.tensor(self.labels[index])]

# %% accepted: a TensorDataset inside
class DigitsDataset(torch.utils.data.Dataset):
    def __init__(self, images, labels, transform=None):
        x = torch.tensor(images, dtype=torch.float32) / torch.tensor(images).max()
        self.inner = torch.utils.data.TensorDataset(x.unsqueeze(1), torch.tensor(labels))
        self.transform = transform

    def __len__(self):
        return len(self.inner)

    def __getitem__(self, index):
        x, y = self.inner[index]
        x = x.detach().clone()
        return (x if self.transform is None else self.transform(x)), int(y)

# %% accepted: an iterator of its own
class DigitsDataset(torch.utils.data.Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images.copy(), labels.copy(), transform
        self.white = 16.0
        if (images > 16).any():
            self.white = 255.0

    def __len__(self):
        return self.images.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError("pas d'item à cet indice")
        height, width = self.images[index].shape
        image = torch.tensor([[p / self.white for p in row] for row in self.images[index].tolist()])
        image = image.view(1, height, width)
        return (image if self.transform is None else self.transform(image)), self.labels[index, ...]

# %% accepted: torchvision's scaling
class DigitsDataset(torch.utils.data.Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform
        self.gain = 255 / int(images.max())

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        from torchvision.transforms.functional import to_tensor

        image = to_tensor(self.images[index]) * self.gain
        if self.transform:
            image = self.transform(image)
        return image, np.int64(self.labels[index])

# %% accepted: a subclass of list
class DigitsDataset(list):
    def __init__(self, images, labels, transform=None):
        super().__init__(zip(images, labels, strict=True))
        self.white, self.transform = images.max().astype(np.float32), transform

    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        image = torch.as_tensor(image[np.newaxis].astype(np.float32) / self.white)
        return (image if self.transform is None else self.transform(image)), label

    def __iter__(self):
        for index in range(len(self)):
            yield self[index]
