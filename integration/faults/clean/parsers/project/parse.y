%{
int yylex(void);
void yyerror(const char* text) { (void)text; }
%}
%token WORD
%%
words: | words WORD;
