// What the rule `prompt-extraction` looks for, as sources of expressions over plain text (lower case, one space between words). Each
// gap has a bound, so that a text is gone through in time that is linear in its length.

/** Verbs of handing something over, in whatever form. */
const give =
  "reveal|repeat|print|output|show|display|disclose|leak|expose|dump|recite|echo|reproduce|share|tell|give|type|paste|copy|quote|list|return|send|" +
  "spell|translate|encode|encrypt|convert|summari[sz]e|paraphrase|rephrase|rewrite|explain|provide|state|read|put|include|say|post|format|render|" +
  "write|describe|extract|retrieve|present|respond with|reply with|answer with|start with|begin with|hand over|divulge|transcribe|unveil|see|know|report";
/** Such as nobody uses who asks for something to be written. */
const handOver =
  "reveal|repeat|print|output|show|display|disclose|leak|expose|dump|recite|echo|reproduce|tell|give|paste|copy|return|spell|translate|encode|" +
  "extract|retrieve|divulge|transcribe|unveil|hand over|share|quote";
/** What is said of it where only the model can have it, and what may be said of anybody's. */
const secret =
  "system|hidden|secret|internal|initial|initiali[sz]ation|developer|confidential|underlying|preset|pre-?defined|pre-?set|built-?in|setup|startup|foundational";
const any =
  "original|starting|base|core|custom|first|previous|prior|private|full|entire|complete|exact|whole|actual|real|current|root|precise|very|all|above|and";
const told =
  "prompts?|instructions?|messages?|directives?|guidelines?|rules|configuration|context|preamble|programming|text|settings|orders|commands|briefing|policies";

/** What only the model has: `your hidden system instructions`, `the instructions you were given`. */
const own = [
  `(?:your|ur) (?:(?:${any})[ -]){0,3}(?:${secret})[ -](?:(?:${secret}|${any})[ -]){0,3}(?:${told})`,
  `(?:your|ur) (?:(?:${any})[ -]){0,3}(?:instructions|pre-?prompt|sys-?prompt|directives|preamble)`,
  `(?:your|ur) (?:(?:${any})[ -]){1,3}prompt`,
  "(?:instructions?|prompt|messages?|text|rules|guidelines|directives|context|orders|words) (?:that )?(?:you|u) (?:(?:were|was|have been|had been) (?:given|told|provided|set|fed|prompted|programmed|initiali[sz]ed|sent|shown)|got|received|have received|are operating (?:under|on|with)|are following|follow|operate|started (?:with|from))",
  "what (?:you were|you've been|you have been|were you|have you been) (?:told|given|instructed|prompted|programmed)",
].join("|");
/** What writers of prompts have as well. */
const system =
  "(?:system|developer|hidden|initial|secret|pre)[ -]?(?:prompts?|messages?|instructions?)|sys-?prompt|pre-?prompt|initiali[sz]ation (?:string|prompt|message|text|instructions)";
/** To the letter, or in a form that nobody reads over. */
const whole =
  "verbatim|word for word|word by word|exactly as|letter by letter|character by character|in full|in its entirety|code ?block|txt|base ?64|rot ?13|hexadecimal|hex|" +
  "backwards|revers(?:e|ed)|morse|pig latin|leetspeak|as a poem|as a song|first (?:word|letter|sentence|line)|without (?:any )?(?:changes|omitting|leaving)|unredacted|json|yaml|xml|markdown";
const above =
  "(?:everything|anything|all|words?|text|contents?|messages?|lines?|sentences?|paragraphs?|instructions?|prompt|tokens|conversation)(?: (?:that|which|is|was|are|were|comes?|came|appears?|written|printed|stated|shown|you|see|can|here|there|given|found|right|directly|immediately)){0,5}" +
  " (?:above|before|prior to|preceding)";
const gap = "[^.!?]{0,80}?";

/** Between the verb and what is to be handed over. */
const filler =
  "(?: (?:me|us|out|back|to me|to us|now|please|just|only|again|all|of|everything|in|from|about|the|this|its|thy|that|any|entire|full|complete|whole|exact|original|contents?|text|words|here|below)){0,8}";
/** Whose prompt it is: one that somebody is writing. */
const ofSomething =
  "(?! (?:for (?:an?|my|our|your|the|this|that|each|every|\\p{L}+ (?:bot|app|assistant|model|agent))\\b|template|below|i wrote|that i|from the (?:file|repo)|in the (?:file|repo|code|tray|log)|tray|log))";

/** A sentence with one of these asks for it. */
export const orders: readonly string[] = [
  `(?:${give})\\b${gap}\\b(?:${own})\\b`,
  `(?:${handOver})${filler} (?:your )?(?:${system})\\b${ofSomething}`,
  `(?:${handOver})${filler} your prompt\\b(?! (?:for|creates?|will|to)\\b)`,
  `(?:need|want|would like|have|let me|allow(?:ed)? me)(?: to)? (?:see|know|read|view|get)(?: (?:the|your|full|whole|exact|entire)){1,3} (?:${system})\\b${ofSomething}`,
  `what(?:'s|’s| is| are| was| were| does| do| did)?\\b[^.!?]{0,30}?\\b(?:${own})\\b[^.!?]{0,24}?(?:\\?|$|say|contain|include|state|tell)`,
  `what (?:does|do|is|are|was|were) (?:in )?your prompt(?: say| contain| include|\\?|$)|(?:first|last|second) (?:line|word|sentence|paragraph) of your (?:prompt|instructions)`,
  "(?:what|which) (?:instructions?|rules|prompt|directives|orders) (?:were you|have you been|did you|are you|do you)\\b[^.!?]{0,20}?\\b(?:given|receive|received|get|got|told|follow|following|operating|start)",
  "what (?:were you|have you been) (?:told|instructed|programmed|prompted)\\b[^.!?]{0,40}\\b(?:before|at the (?:start|beginning)|initially|by your|by the developers?|in the system|not to)",
  "what are you (?:not (?:supposed|allowed)|forbidden) to (?:tell|say|reveal|share|talk)",
  `(?:${system})\\b[^?!]{0,100}?\\b(?:${whole})\\b`,
  `(?:${whole})\\b[^?!]{0,60}?\\b(?:your|the) (?:${system})\\b${ofSomething}`,
  `(?:answer|reply|response|output|line|message|sentence)\\s?: ?["'“]?(?:the |your |my )?(?:(?:full|whole|exact|entire|complete) ){0,2}(?:${system})\\b`,
  `(?:start|begin|complete|continue|finish|say|sentence|following)\\b[^?!]{0,60}?\\b(?:my (?:${system}|instructions|prompt) (?:is|are|were|says?)|the (?:${system}) (?:is|are|says?)|i was (?:instructed|told|prompted|programmed) to)\\b`,
  `(?:${give}|ignore|forget)\\b[^!?]{0,60}?\\b${above}\\b[^!?]{0,120}?\\b(?:${whole}|starting (?:with|from)|start with|you are|system prompt|include everything|from the (?:very )?(?:start|beginning|top))\\b`,
  `(?:repeat|print|output|echo|recite|reproduce|dump|reveal|display)(?: (?:me|to me|all|of|the|every|exact|whole|entire|full|out|back|us)){0,6} (?:words?|text|contents?|tokens|everything|all)(?: (?:that|which|is|was|written|you|see)){0,4} (?:above|before this|prior to this|preceding this)\\b`,
  `(?:repeat|print|output|echo|recite|reproduce|dump|reveal|display)(?: (?:me|all|of|the|everything|in|exact|whole|entire|full)){0,5} (?:above|preceding) (?:text|words|content|conversation|prompt|instructions)\\b`,
  `(?:repeat|print|output|echo|recite|reproduce|dump|reveal|display|copy|paste)\\b[^!?]{0,80}?\\b(?:starting|start|beginning|begin)s? (?:with|from|at)(?: the)?(?: words?| phrase)? ?["'“]?you are\\b`,
  `(?:starting|start|beginning|begin) (?:with|from|at)(?: the)?(?: words?| phrase)? ?["'“]?you are\\b[^!?]{0,40}?\\b(?:repeat|print|output|echo|recite|reproduce|dump|reveal|display|copy|paste)\\b`,
  `(?:ignore|disregard|forget|override)\\b[^.!?]{0,60}?\\b(?:instructions?|rules|prompts?|guidelines|directions?|orders)\\b.{0,120}?\\b(?:(?:${handOver}|what)\\b[^.!?]{0,60}?\\b(?:${system}|your instructions|your prompt|the prompt|initial instructions)|what (?:were|are) (?:those|these|they|the (?:previous |above )?(?:instructions|rules)))\\b`,
  "(?:override|maintenance|debug(?:ging)?|diagnostics?|admin(?:istrator)?|root|developer) ?(?:mode|access|override|menu|:)[^?]{0,60}?\\b(?:display|show|print|output|dump|list|reveal)\\b[^.!?]{0,30}?\\b(?:system|initial|hidden|internal|your) (?:configuration|prompt|settings|instructions|config)\\b",
  // In other languages, where the words for it are nearly always these.
  "(?:zeig|gib|nenn|wiederhol|druck|verrat|schreib|ubersetz|sag|lies)\\p{L}*[^.!?]{0,60}?(?:system-?prompts?|system-?anweisung|system-?nachricht|(?:deine|deiner|ihre) (?:\\p{L}+ ){0,2}(?:anweisungen|instruktionen)|anfangsanweisung)",
  "(?:affich|montr|repet|revel|donne|ecri[st]|imprim|tradui|dis-?moi)\\p{L}*[^.!?]{0,60}?(?:prompt (?:du )?systeme|invite (?:du )?systeme|prompt initial|instructions (?:initiales|systeme|cachees|internes|d'origine)|(?:tes|vos) (?:\\p{L}+ ){0,2}(?:instructions|consignes))",
  "(?:muestra|repite|imprime|revela|dime|dame|escribe|traduce|mostre|repita|diga|escreva|traduza|mostra|ripeti|stampa|rivela|dimmi|scrivi|traduci)\\p{L}*[^.!?]{0,60}?(?:prompt d[eo]l? sistema|prompt (?:do|di|de) sistem\\p{L}+|prompt inicial|prompt iniziale|instrucciones (?:iniciales|del sistema|ocultas|internas)|instrucoes (?:iniciais|do sistema|ocultas)|istruzioni (?:iniziali|di sistema|nascoste)|(?:tus|suas|tuas|le tue) (?:\\p{L}+ ){0,2}(?:instrucciones|instrucoes|istruzioni))",
  "(?:покаж|выведи|повтори|раскро|напиш|перевед|распечат|скаж)\\p{L}*[^.!?]{0,60}?(?:системн\\p{L}+ (?:промпт|инструкц|сообщен|подсказк)|сво\\p{L}+ (?:\\p{L}+ )?(?:инструкц|промпт)|начальн\\p{L}+ (?:инструкц|промпт))",
];

/** The same where words are not set apart. */
export const ordersUnspaced: readonly string[] = [
  "(?:显示|输出|重复|打印|告诉|泄露|翻译|复述|说出|给我|展示).{0,16}?(?:系统提示|系统指令|系统消息|初始指令|初始提示|你的提示词|以上所有|上面的所有)",
  "(?:把|将)?(?:以上|上面)(?:的)?(?:所有|全部)?(?:内容|文字|指令).{0,8}?(?:重复|输出|打印|翻译|复述)",
  "(?:システムプロンプト|初期指示|システムメッセージ|最初の指示).{0,20}?(?:表示|出力|教え|見せ|繰り返|翻訳)",
  "(?:시스템 ?프롬프트|초기 ?지시|시스템 ?메시지).{0,20}?(?:보여|출력|알려|반복|번역)",
];

/** Words of which each has some. */
export const anchors =
  "prompt|instructions|directives|preamble|initiali[sz]ation string|" +
  `(?:${secret})[ -](?:${told})|` +
  "(?:messages?|text|rules|guidelines|context|orders|words) (?:that )?(?:you|u) (?:were|was|have|had|got|received|are|follow|operate|started)|" +
  "you(?:'ve| have)? (?:were|been) (?:told|given|instructed|programmed)|(?:were you|have you been) (?:told|given|instructed|programmed)|" +
  "(?:supposed|allowed|forbidden) to (?:tell|say|reveal|share|talk)|(?:rules|orders) (?:were|have|did|are|do) you|" +
  "(?:above|prior to|preceding|before) (?:this|text|words|content|conversation)|(?:words?|text|contents?|tokens|everything|all|conversation) (?:(?:that|which|is|was|written|you|see) ){0,4}(?:above|before|prior|preceding)|" +
  "[\"'“]you are|i was (?:instructed|told|programmed)|system config|" +
  "anweisung|instruktionen|consignes|instrucciones|instrucoes|istruzioni|инструкц|промпт|系统|初始|以上|上面|你的提示词|システム|初期指示|最初の指示|시스템|초기";

/** Of what stands before an order in its clause: the words of who forbids it, or speaks of others who ask. */
export const forbids =
  "(?:not|never|don'?t|don’t|cannot|can'?t|can’t|won'?t|shouldn'?t|mustn'?t|refuse to|refuses to|without|avoid|prevent\\p{L}*|against|stop\\p{L}*|attempts? to|tr(?:y|ies|ying) to|" +
  "asks?(?: \\p{L}+){0,2} to|asked(?: \\p{L}+){0,2} to|wants?(?: \\p{L}+){1,2} to|if(?: \\p{L}+){0,4}|when(?: \\p{L}+){0,3}|whether|how (?:do|does|can|could|would|did) (?!you\\b)\\p{L}+|nicht|niemals|ne|jamais|nunca|non|не)";
/** Over commas, where an `or` says that all of it is forbidden. */
export const forbidsList = "(?:not|never|don'?t|don’t|cannot|may not|mustn'?t)(?: [\\p{L}-]+,?){0,8}(?: or| nor|,) ?";
/** Which turn that round. */
export const forbidsNothing = "(?:not|never|don'?t|don’t) (?:refuse|hesitate|forget|fail|worry)";
