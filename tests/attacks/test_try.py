def test_right(arena):
    r = arena.grade()
    print(r.grade)
    assert arena.scores(r) == arena.most
def test_right2(arena):
    r = arena.grade()
    assert arena.scores(r) == arena.most
def test_wrong(arena):
    r = arena.grade(double="def double(x): return x", setup="print('ANSWER [1]')")
    assert arena.scores(r) == {**arena.most, "double": 0}
    assert arena.answers(r)==[[1]]
