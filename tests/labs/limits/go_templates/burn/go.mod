module ${ module }

//% if defaults.goline == "old"
go 1.24
//% else
go ${ go_line }
//% endif
