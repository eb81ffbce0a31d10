def load(cursor,path): raise NotImplementedError
