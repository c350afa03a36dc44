package main

//% if defaults.imports == "fmt"
import _ "fmt"

//% elif defaults.imports == "http"
import _ "net/http"

//% elif defaults.imports == "tls"
import _ "crypto/tls"

//% elif defaults.imports == "sql"
import (
	_ "database/sql"
	_ "encoding/json"
)

//% endif
// imports is what the program was rendered with, beside what it needs itself.
const imports = ${ defaults.imports | go }
