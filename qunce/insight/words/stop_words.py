"""Words that say nothing about a topic, in Chinese and English."""

from __future__ import annotations

CHINESE = """
一个 一下 一些 一样 一定 一直 一起 一点 一般 一种 不会 不是 不要 不能 不用 不过 不行 不到 不好 不如
不想 不知 不知道 什么 什么样 他们 她们 它们 我们 你们 咱们 大家 自己 人家 别人 今天 明天 昨天 现在
以后 以前 以及 以为 但是 但 只是 只有 只要 可以 可能 可是 因为 所以 如果 虽然 然后 那么 那个 那些 那样
那边 那里 这个 这些 这样 这么 这边 这里 这种 这次 还是 还有 还要 已经 正在 曾经 怎么 怎么样 怎样
为什么 为了 多少 几个 是不是 有没有 能不能 会不会 要不要 可不可以 是的 好的 好吧 好啊 好像 没有 没事
没什么 就是 就要 就会 而且 而是 或者 或是 并且 并不 比较 非常 特别 真的 真是 其实 其他 其它 另外
应该 需要 必须 知道 觉得 感觉 认为 看到 看看 看见 听说 说是 出来 起来 下来 上来 过来 过去 回来 进来
时候 有点 有些 有人 有的 所有 全部 每个 每天 各位 之前 之后 之间 其中 当然 当时 马上 刚才 刚刚 一会
一会儿 这会 那会 的话 等等 哈哈 哈哈哈 哈哈哈哈 呵呵 嘿嘿 嗯嗯 哦哦 啊啊 谢谢您 麻烦 请问 你好 您好
群里 本群 大概 差不多 居然 竟然 反正 毕竟 总是 只能 才能 能够 起码 至少 关于 对于 由于 根据 通过 作为
""".split()
ENGLISH = """
about above after again against all also always am an and any anyone are around as ask at away back be
because been before being below between both but by came can cannot come could did didn do does doesn doing
don done down during each either else even ever every few for from further gave get gets getting give go goes
going gone good got had has hasn have haven having he her here hers herself hey hi him himself his how however
i if in into is isn it its itself just keep know known last least less let like little look lot made make many
may maybe me might mine more most much must my myself need never new next no nor not nothing now of off ok okay
on once one only or other others our ours out over own per please put quite rather really right said same say
says see seem seen she should since so some someone something still such sure take tell than that the their
theirs them then there these they thing things think this those though through time to too try two under until
up upon us use used using very want was wasn way we well went were weren what when where which while who whom
whose why will with within without won would yeah yes yet you your yours yourself ain aren couldn didn't don't
doesn't hadn i'm i've i'll i'd it's isn't can't won't wouldn shouldn that's there's they're we're you're haha
lol hmm oh ah today yesterday tomorrow another already bit end day
""".split()
ALL = frozenset((*CHINESE, *ENGLISH))
