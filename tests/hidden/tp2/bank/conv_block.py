# %% mutant: no relu
# killed by test_a_convolution_then_a_relu
# ReLU manque : des valeurs négatives sortent du bloc.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return self.conv(x)

# %% mutant: leaky relu
# killed by test_a_convolution_then_a_relu
# ReLU laisse passer un peu des valeurs négatives (LeakyReLU).
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return F.leaky_relu(self.conv(x), 0.01)

# %% mutant: gelu
# killed by test_a_convolution_then_a_relu
# GELU est employée au lieu de ReLU.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return F.gelu(self.conv(x))

# %% mutant: relu before the convolution
# killed by test_a_convolution_then_a_relu
# ReLU est appliquée à l'image, avant la convolution.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return self.conv(torch.relu(x))

# %% mutant: relu on both sides
# killed by test_a_convolution_then_a_relu
# ReLU est appliquée aussi à l'image, avant la convolution.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(torch.relu(x)))

# %% mutant: bounded relu
# killed by test_a_convolution_then_a_relu
# La sortie est bornée à 6 (ReLU6) : les grandes réponses sont coupées.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return F.relu6(self.conv(x))

# %% mutant: sigmoid
# killed by test_a_convolution_then_a_relu
# Une sigmoïde remplace ReLU.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.sigmoid(self.conv(x))

# %% mutant: relu layer defined, never called
# killed by test_a_convolution_then_a_relu
# La couche ReLU est créée dans __init__, mais forward ne l'appelle pas.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        self.relu = nn.ReLU()
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return self.conv(x)

# %% mutant: absolute value
# killed by test_a_convolution_then_a_relu
# La valeur absolue remplace ReLU : le négatif ressort en positif.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return self.conv(x).abs()

# %% mutant: kernel turned
# killed by test_a_convolution_then_a_relu
# Le noyau est transposé (lignes et colonnes échangées).
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        w = self.conv.weight
        if w.shape[2] == w.shape[3]:
            w = w.transpose(2, 3)
        return torch.relu(F.conv2d(x, w, self.conv.bias, self.conv.stride, self.conv.padding))

# %% mutant: stride ignored
# killed by test_stride_and_padding
# `stride` n'est pas transmis à la convolution.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: padding ignored
# killed by test_stride_and_padding
# `padding` n'est pas transmis à la convolution.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: stride and padding swapped
# killed by test_stride_and_padding
# `stride` et `padding` sont échangés dans l'ordre des arguments.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, padding=0, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: always the same size
# killed by test_stride_and_padding
# Le bord est toujours la moitié du noyau dès qu'on en demande un : `padding` n'est pas respecté.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, 0 if padding == 0 else tuple(k // 2 for k in np.broadcast_to(kernel_size, 2).tolist()))
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: reflected border
# killed by test_stride_and_padding
# Le bord est un reflet de l'image au lieu de zéros.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, padding_mode="reflect")
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: circular border
# killed by test_stride_and_padding
# Le bord est périodique au lieu de zéros.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, padding_mode="circular")
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: stride by pooling
# killed by test_stride_and_padding
# Le pas est fait par un max-pool après ReLU au lieu de la convolution.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, 1, padding)
        self.pas = stride
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        y = torch.relu(self.conv(x))
        return F.max_pool2d(y, self.pas) if self.pas != 1 else y

# %% mutant: square stride and padding only
# killed by test_stride_and_padding
# `stride` et `padding` sont convertis en entiers : des couples lèvent une erreur.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, int(stride), int(padding))
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: border of ones
# killed by test_stride_and_padding
# Le bord n'est pas nul : il est rempli de uns.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        p = self.conv.padding
        x = F.pad(x, (p[1], p[1], p[0], p[0]), value=1.0)
        return torch.relu(F.conv2d(x, self.conv.weight, self.conv.bias, self.conv.stride))

# %% mutant: square kernels only
# killed by test_a_convolution_then_a_relu
# Le noyau est toujours carré : un couple lève une erreur.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, int(kernel_size), stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: bias left out
# killed by test_the_bias_comes_before_the_relu
# La convolution n'a pas de biais.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: bias after the relu
# killed by test_the_bias_comes_before_the_relu
# Le biais est ajouté après ReLU.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        y = F.conv2d(x, self.conv.weight, None, self.conv.stride, self.conv.padding)
        return torch.relu(y) + self.conv.bias[:, None, None]

# %% mutant: bias declared, never used
# killed by test_the_bias_comes_before_the_relu
# Le biais existe, mais forward ne l'ajoute pas.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(F.conv2d(x, self.conv.weight, None, self.conv.stride, self.conv.padding))

# %% mutant: bias shared by all channels
# killed by test_the_bias_comes_before_the_relu
# Tous les canaux reçoivent le même biais, la moyenne, au lieu de chacun le sien.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        y = F.conv2d(x, self.conv.weight, None, self.conv.stride, self.conv.padding)
        return torch.relu(y + self.conv.bias.mean())

# %% mutant: bias left at its default
# killed by test_the_bias_starts_at_zero
# Le biais garde l'initialisation par défaut de PyTorch.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: small positive bias
# killed by test_the_bias_starts_at_zero
# Le biais part de 0.01, une vieille recette, au lieu de 0.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.constant_(self.conv.bias, 0.01)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: bias drawn at random
# killed by test_the_bias_starts_at_zero
# Le biais est tiré au hasard, comme les poids, au lieu d'être nul.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.normal_(self.conv.bias, std=0.1)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: default initialisation
# killed by test_the_weight_follows_he
# Le poids garde l'initialisation par défaut de PyTorch.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: xavier uniform
# killed by test_the_weight_follows_he
# Le poids suit Xavier (Glorot) au lieu de He.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.xavier_uniform_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: xavier normal
# killed by test_the_weight_follows_he
# Le poids suit Xavier normale : variance 2 / (fan_in + fan_out).
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.xavier_normal_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: gain of a linear unit
# killed by test_the_weight_follows_he
# Le facteur 2 manque : variance 1 / fan_in, le gain d'une unité linéaire.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="linear")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: slope of torch's default
# killed by test_the_weight_follows_he
# a = √5 donne l'initialisation par défaut de PyTorch, trop petite pour ReLU.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_uniform_(self.conv.weight, a=5**0.5)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: variance for deviation
# killed by test_the_weight_follows_he
# 2 / fan_in est pris pour l'écart type : il en manque la racine.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.normal_(self.conv.weight, std=2 / self.conv.weight[0].numel())
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: fan without the kernel
# killed by test_the_weight_follows_he
# fan_in ne compte que les canaux, pas la taille du noyau.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.normal_(self.conv.weight, std=(2 / in_channels) ** 0.5)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: fan without the channels
# killed by test_the_weight_follows_he
# fan_in ne compte que la taille du noyau, pas les canaux d'entrée.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.normal_(self.conv.weight, std=(2 / self.conv.weight[0, 0].numel()) ** 0.5)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: mean of both fans
# killed by test_the_weight_follows_he
# La variance est 2 / (moyenne de fan_in et fan_out), entre les deux choix permis.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        w = self.conv.weight
        nn.init.normal_(w, std=(4 / (w[0].numel() + w[:, 0].numel())) ** 0.5)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: uniform with the bound of the deviation
# killed by test_the_weight_follows_he
# La loi uniforme a pour borne l'écart type de He : il manque la racine de 3.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        s = (2 / self.conv.weight[0].numel()) ** 0.5
        nn.init.uniform_(self.conv.weight, -s, s)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: positive weights only
# killed by test_the_weight_follows_he
# Les poids sont tous positifs : la loi n'est pas centrée.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        self.conv.weight.data.abs_()
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: small normal weights
# killed by test_the_weight_follows_he
# Les poids sont normaux d'écart type 0.01, quelle que soit la taille de la couche.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.normal_(self.conv.weight, std=0.01)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: zero weights
# killed by test_the_weight_follows_he
# Les poids sont nuls au départ : rien ne s'apprend.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.zeros_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: orthogonal weights
# killed by test_the_weight_follows_he
# Les poids sont orthogonaux : ce n'est pas une initialisation de He.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.orthogonal_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: initialised before the layer is made anew
# killed by test_the_weight_follows_he
# La couche initialisée est remplacée par une neuve : l'initialisation est perdue.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: result of the initialisation dropped
# killed by test_the_weight_follows_he
# L'initialisation est faite sur une copie du poids : la couche ne change pas.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight.clone())
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: apply on the wrong class
# killed by test_the_weight_follows_he
# `apply` cherche des nn.Linear : la convolution n'est pas initialisée.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        self.apply(lambda m: nn.init.kaiming_normal_(m.weight) if isinstance(m, nn.Linear) else None)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: seed fixed
# killed by test_each_block_draws_its_own_numbers
# Une graine est fixée dans __init__ : deux blocs ont les mêmes poids.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: a generator that starts again
# killed by test_each_block_draws_its_own_numbers
# Chaque bloc tire ses poids d'un générateur de même graine.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu", generator=torch.Generator().manual_seed(1))
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: weight detached
# killed by test_gradients_reach_the_image_and_the_parameters
# forward se sert de weight.data : le poids ne reçoit pas de gradient.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(F.conv2d(x, self.conv.weight.data, self.conv.bias, self.conv.stride, self.conv.padding))

# %% mutant: bias detached
# killed by test_gradients_reach_the_image_and_the_parameters
# forward se sert de bias.detach() : le biais ne s'apprend pas.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(F.conv2d(x, self.conv.weight, self.conv.bias.detach(), self.conv.stride, self.conv.padding))

# %% mutant: bias frozen
# killed by test_gradients_reach_the_image_and_the_parameters
# Le biais est figé (requires_grad=False) : il reste nul pour toujours.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias).requires_grad_(False)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: image detached
# killed by test_gradients_reach_the_image_and_the_parameters
# L'image est détachée : le gradient ne remonte pas aux couches d'avant.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x.detach()))

# %% mutant: half of the gradient
# killed by test_gradients_reach_the_image_and_the_parameters
# Une partie du gradient est coupée par un detach autour de ReLU.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        y = torch.relu(self.conv(x))
        return (y + y.detach()) / 2

# %% mutant: batch norm added
# killed by test_a_convolution_then_a_relu
# Une normalisation par lots s'est glissée entre la convolution et ReLU.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        self.norm = nn.BatchNorm2d(out_channels)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x)))

# %% mutant: two convolutions
# killed by test_a_convolution_then_a_relu
# Deux convolutions se suivent au lieu d'une.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.second(self.conv(x)))

# %% mutant: layer made in forward
# killed by test_a_convolution_then_a_relu
# La couche est créée dans forward : ses poids changent à chaque appel et ne s'apprennent pas.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.sizes = in_channels, out_channels, kernel_size, stride, padding

    def forward(self, x):
        return torch.relu(nn.Conv2d(*self.sizes)(x))

# %% mutant: layer in a list
# killed by test_a_convolution_then_a_relu
# La couche est rangée dans une liste Python : ses paramètres sont invisibles.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.layers = [nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)]
        nn.init.kaiming_normal_(self.layers[0].weight, nonlinearity="relu")
        nn.init.zeros_(self.layers[0].bias)

    def forward(self, x):
        return torch.relu(self.layers[0](x))

# %% mutant: initialised at each call
# killed by test_a_convolution_then_a_relu
# Les poids sont tirés de nouveau à chaque passage dans forward.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        return torch.relu(self.conv(x))

# %% mutant: weight as a plain tensor
# killed by test_a_convolution_then_a_relu
# Le poids est un simple tenseur, pas un Parameter : l'optimiseur ne le verra pas.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        poids = self.conv.weight.data
        del self.conv.weight
        self.conv.weight = poids
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return torch.relu(self.conv(x))

# %% mutant: pooling added
# killed by test_a_convolution_then_a_relu
# Un max-pool s'est glissé après ReLU : la sortie est trop petite.
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return F.max_pool2d(torch.relu(self.conv(x)), 2)

# %% accepted: a sequential block, uniform law
class ConvBlock(nn.Sequential):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__(nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=padding), nn.ReLU(inplace=True))
        nn.init.kaiming_uniform_(self[0].weight)
        self[0].bias.data.zero_()

# %% accepted: fan_out, weights drawn by hand
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        self.b = nn.Parameter(torch.zeros(out_channels))
        std = math.sqrt(2 / (out_channels * kh * kw))
        self.noyaux = nn.Parameter(std * torch.randn(out_channels, in_channels, kh, kw))
        self.options = dict(stride=stride, padding=padding)

    def forward(self, x):
        return F.conv2d(x, self.noyaux, self.b, **self.options).clamp(min=0)

# %% accepted: a subclass of the convolution
class ConvBlock(nn.Conv2d):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding)

    def reset_parameters(self):
        nn.init.kaiming_uniform_(self.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.bias)

    def forward(self, x):
        return super().forward(x).relu_()

# %% accepted: unfold and a matrix product
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.kernel, self.stride, self.padding = (
            (s, s) if isinstance(s, int) else tuple(s) for s in (kernel_size, stride, padding)
        )
        fan_in = in_channels * math.prod(self.kernel)
        weight = np.random.default_rng().normal(0, np.sqrt(2 / fan_in), (out_channels, in_channels, *self.kernel))
        self.register_parameter("w", nn.Parameter(torch.tensor(weight, dtype=torch.float32)))
        self.register_parameter("zero", nn.Parameter(torch.zeros(out_channels)))

    def forward(self, x):
        columns = F.unfold(x, self.kernel, padding=self.padding, stride=self.stride)
        height = (x.shape[2] + 2 * self.padding[0] - self.kernel[0]) // self.stride[0] + 1
        y = (self.w.flatten(1) @ columns + self.zero[:, None]).unflatten(2, (height, -1))
        return torch.where(y > 0, y, torch.zeros_like(y))

# %% accepted: explicit border, stride by slicing
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        ph, pw = (padding, padding) if isinstance(padding, int) else padding
        self.steps = (stride, stride) if isinstance(stride, int) else stride
        self.body = nn.ModuleDict({"border": nn.ZeroPad2d((pw, pw, ph, ph)), "dense": nn.Conv2d(in_channels, out_channels, kernel_size)})
        self.apply(self.init)

    @staticmethod
    def init(module):
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            nn.init.constant_(module.bias, 0)

    def forward(self, x):
        y = self.body["dense"](self.body["border"](x))
        return torch.maximum(y[:, :, :: self.steps[0], :: self.steps[1]], y.new_zeros(()))

# %% accepted: initialised by a function, bias added apart
def he_(w):
    with torch.no_grad():
        bound = (6 / w[0].numel()) ** 0.5
        return w.uniform_(-bound, bound)

class ConvBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0) -> None:
        super().__init__()
        self.without = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self.shift = nn.Parameter(torch.zeros(out_channels))
        he_(self.without.weight)

    def forward(self, x):
        y = self.without(x) + self.shift.view(1, -1, 1, 1)
        return (y + y.abs()) / 2

# %% accepted: gain from the library, a scaled copy
class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        layer = nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding, stride=stride)
        fan_in, _ = nn.init._calculate_fan_in_and_fan_out(layer.weight)
        layer.weight = nn.Parameter(torch.randn_like(layer.weight) * nn.init.calculate_gain("relu") / fan_in**0.5)
        layer.bias = nn.Parameter(torch.zeros_like(layer.bias))
        self.add_module("convolution", layer)
        self.activation = F.relu

    def forward(self, x):
        return self.activation(self.convolution(x))

# %% accepted: a factory that returns a sequence
def ConvBlock(in_channels, out_channels, kernel_size, stride=1, padding=0):
    block = nn.Sequential()
    block.append(nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding))
    block.append(nn.Threshold(0.0, 0.0))
    block[0].weight.data.normal_(0, (2 / block[0].weight.data[0].numel()) ** 0.5)
    block[0].bias.data.fill_(0)
    return block
