module ${ module }

go ${ go_line }
